// What it costs to hand something to another thread and to wait for the answer.
#include <condition_variable>
#include <mutex>
#include <thread>

#include "benchmarks/native/samples.hpp"

namespace {

class PingPong {
 public:
  PingPong() : thread_([this] { answer(); }) {}
  PingPong(const PingPong&) = delete;
  PingPong& operator=(const PingPong&) = delete;
  ~PingPong() {
    {
      const std::lock_guard lock(mutex_);
      ending_ = true;
    }
    ping_.notify_one();
    thread_.join();
  }

  void roundTrip() {
    std::unique_lock lock(mutex_);
    asked_ = true;
    ping_.notify_one();
    pong_.wait(lock, [this] { return !asked_; });
  }

 private:
  void answer() {
    std::unique_lock lock(mutex_);
    while (true) {
      ping_.wait(lock, [this] { return asked_ || ending_; });
      if (ending_) {
        return;
      }
      asked_ = false;
      pong_.notify_one();
    }
  }

  std::mutex mutex_;
  std::condition_variable ping_;
  std::condition_variable pong_;
  bool asked_ = false;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace

// Median nanoseconds of a round trip between two threads by condition variables.
BENCH_API double benchPingPong(std::size_t rounds) {
  PingPong pair;
  return bench::medianNs(rounds, [&] { pair.roundTrip(); });
}
