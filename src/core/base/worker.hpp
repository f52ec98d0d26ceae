// A thread that stays.
#pragma once

#include <functional>
#include <memory>

namespace hbm {

// Runs functions one after the other on a thread of its own, which starts with the first of them and ends with this
// object. Functions must not throw.
class Worker {
 public:
  explicit Worker(const char* threadName);
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // What is queued still runs. Safe on the worker's own thread and in a forked child.
  ~Worker();

  void post(std::function<void()> work);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace hbm
