#include "core/base/worker.hpp"

#include <condition_variable>
#include <exception>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include "loader/driver.hpp"
#include "never_destroyed.hpp"
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
    auto thread = std::make_unique<std::thread>();  // first: a running thread that has no owner ends the process
    *thread = startHelperThread(state->name, [state] { state->loop(); });
    return thread;
  } catch (const std::exception&) {
    return nullptr;
  }
}

Worker::Worker(const char* threadName) : state_(std::make_shared<State>(threadName)) {}

void Worker::post(Item& item) noexcept {
  const std::shared_ptr<State> state = state_;  // what the item gives back may own the Worker
  bool hasThread = false;
  {
    const std::lock_guard lock(state->mutex);
    if (state->thread == nullptr) {
      state->thread = threadOf(state);
    }
    hasThread = state->thread != nullptr;
    if (hasThread) {
      state->add(item);
    }
  }
  if (hasThread) {
    state->wake.notify_one();  // without the lock, which the thread takes as soon as it wakes
  } else {
    item.run();  // slower, but not wrong
  }
}

Worker::~Worker() {
  if (Driver::forked()) {
    // The thread is not in this process; neither its object nor the locks that it held may be touched.
    const NeverDestroyed<std::shared_ptr<State>> kept(std::move(state_));
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
