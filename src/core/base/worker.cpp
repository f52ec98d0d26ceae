#include "core/base/worker.hpp"

#include <condition_variable>
#include <exception>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include "loader/driver.hpp"
#include "threads/helper_thread.hpp"

namespace hbm {

struct Worker::State {
  explicit State(const char* threadName) : name(threadName) {}

  void add(Item& item) noexcept {
    item.next_ = nullptr;
    (last == nullptr ? first : last->next_) = &item;
    last = &item;
  }

  [[nodiscard]] Item& take() noexcept {
    Item& item = *first;
    first = item.next_;
    last = first == nullptr ? nullptr : last;
    return item;
  }

  void loop() {
    std::unique_lock lock(mutex);
    while (true) {
      wake.wait(lock, [this] { return ending || first != nullptr; });
      if (first == nullptr) {
        return;
      }
      Item& item = take();
      lock.unlock();
      item.run();  // without the lock: what it gives back may own the Worker
      lock.lock();
    }
  }

  const std::string name;
  std::mutex mutex;
  std::condition_variable wake;
  Item* first = nullptr;
  Item* last = nullptr;
  std::unique_ptr<std::thread> thread;
  bool ending = false;
};

std::unique_ptr<std::thread> Worker::threadOf(const std::shared_ptr<State>& state) noexcept {
  try {
    return std::make_unique<std::thread>(startHelperThread(state->name, [state] { state->loop(); }));
  } catch (const std::exception&) {
    return nullptr;
  }
}

Worker::Worker(const char* threadName) : state_(std::make_shared<State>(threadName)) {}

void Worker::post(Item& item) noexcept {
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->thread == nullptr) {
      state_->thread = threadOf(state_);
    }
    if (state_->thread != nullptr) {
      state_->add(item);
      state_->wake.notify_one();
      return;
    }
  }
  item.run();  // slower, but not wrong
}

Worker::~Worker() {
  if (Driver::forked()) {
    // The thread is not in this process; neither its object nor the locks that it held may be touched.
    static_cast<void>(std::make_unique<std::shared_ptr<State>>(std::move(state_)).release());
    return;
  }
  std::unique_ptr<std::thread> thread;
  {
    const std::lock_guard lock(state_->mutex);
    state_->ending = true;
    thread = std::move(state_->thread);
  }
  state_->wake.notify_one();
  if (thread == nullptr) {
    return;
  }
  if (thread->get_id() == std::this_thread::get_id()) {
    thread->detach();
  } else {
    thread->join();
  }
}

}  // namespace hbm
