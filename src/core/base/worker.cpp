#include "core/base/worker.hpp"

#include <pthread.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include "loader/driver.hpp"

namespace hbm {

struct Worker::State {
  explicit State(const char* threadName) : name(threadName) {}

  void loop() {
    pthread_setname_np(pthread_self(), name.c_str());
    std::unique_lock lock(mutex);
    while (true) {
      wake.wait(lock, [this] { return ending || !queue.empty(); });
      if (queue.empty()) {
        return;
      }
      std::function<void()> work = std::move(queue.front());
      queue.pop_front();
      lock.unlock();
      work();
      work = nullptr;  // its captures die without the lock: one may own the Worker
      lock.lock();
    }
  }

  const std::string name;
  std::mutex mutex;
  std::condition_variable wake;
  std::deque<std::function<void()>> queue;
  std::unique_ptr<std::thread> thread;
  bool ending = false;
};

Worker::Worker(const char* threadName) : state_(std::make_shared<State>(threadName)) {}

void Worker::post(std::function<void()> work) {
  std::unique_lock lock(state_->mutex);
  if (state_->thread == nullptr) {
    try {
      state_->thread = std::make_unique<std::thread>([state = state_] { state->loop(); });
    } catch (const std::system_error&) {
      lock.unlock();
      work();  // the system has no thread left; slower, but not wrong
      return;
    }
  }
  state_->queue.push_back(std::move(work));
  state_->wake.notify_one();
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
