// Ends requests whose time is up.
#pragma once

#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>

#include "never_destroyed.hpp"

namespace hbm {

class RequestImpl;

// One thread for all requests with a time limit; it starts with the first. Never destroyed.
class Timer {
 public:
  [[nodiscard]] static Timer& get();

  // Calls request->expire() at that time if the request still exists. Throws Error (kOutOfResources) when the system
  // has no thread for it, and std::bad_alloc.
  void expireAt(std::chrono::steady_clock::time_point time, const std::shared_ptr<RequestImpl>& request);

 private:
  friend class NeverDestroyed<Timer>;
  Timer() = default;
  void loop();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::multimap<std::chrono::steady_clock::time_point, std::weak_ptr<RequestImpl>> waiting_;
  bool started_ = false;
};

}  // namespace hbm
