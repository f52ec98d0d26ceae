#include "core/request/timer.hpp"

#include <string>
#include <system_error>

#include "core/request/request.hpp"
#include "hbm_runtime/error.hpp"
#include "threads/helper_thread.hpp"

namespace hbm {

Timer& Timer::get() {
  static NeverDestroyed<Timer> timer;
  return *timer;
}

void Timer::expireAt(std::chrono::steady_clock::time_point time, const std::shared_ptr<RequestImpl>& request) {
  const std::lock_guard lock(mutex_);
  if (!started_) {
    try {
      startHelperThread("hbm-timer", [this] { loop(); }).detach();
    } catch (const std::system_error& error) {
      throw Error(ErrorKind::kOutOfResources,
                  std::string("the thread that watches time-outs cannot be started: ") + error.what());
    }
    started_ = true;
  }
  const auto entry = waiting_.emplace(time, request);
  if (entry == waiting_.begin()) {
    changed_.notify_one();
  }
}

void Timer::loop() {
  std::unique_lock lock(mutex_);
  while (true) {
    if (waiting_.empty()) {
      changed_.wait(lock);
      continue;
    }
    const auto first = waiting_.begin();
    if (std::chrono::steady_clock::now() < first->first) {
      changed_.wait_until(lock, std::chrono::steady_clock::time_point(first->first));
      continue;
    }
    const std::shared_ptr<RequestImpl> request = first->second.lock();
    waiting_.erase(first);
    if (request != nullptr) {
      lock.unlock();
      request->expire();
      lock.lock();
    }
  }
}

}  // namespace hbm
