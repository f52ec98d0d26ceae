// Starts inferences without waiting: callback, waiting with a limit, cancelling, and what an error says.
//   asynchronous model.hbm
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <hbm_runtime/error.hpp>
#include <hbm_runtime/request.hpp>
#include <hbm_runtime/runtime.hpp>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "example_inputs.hpp"

namespace {

using std::chrono_literals::operator""s;

// Counts ends that are reported from the library's threads.
class Countdown {
 public:
  explicit Countdown(int count) : left_(count) {}

  void arrive() {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (--left_ == 0) {
      allArrived_.notify_all();
    }
  }

  [[nodiscard]] bool wait(std::chrono::seconds limit) {
    std::unique_lock<std::mutex> lock(mutex_);
    return allArrived_.wait_for(lock, limit, [this] { return left_ == 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable allArrived_;
  int left_;
};

void demonstrate(const std::string& path) {
  hbm::Runtime runtime(std::vector<std::string>{path});
  const ExampleInputs inputs(runtime.model(0));
  hbm::Call call;
  call.inputs = inputs.views();

  constexpr int kRequests = 8;
  // Shared with the callbacks: it outlives this function should an inference outlive the limit.
  const auto countdown = std::make_shared<Countdown>(kRequests);
  std::vector<std::shared_ptr<hbm::Request>> requests;
  for (int number = 0; number < kRequests; ++number) {
    requests.push_back(runtime.start(call));
    requests.back()->onDone([countdown] { countdown->arrive(); });
  }
  std::printf("callbacks: %s\n", countdown->wait(60s) ? "all arrived" : "some are missing");

  const std::shared_ptr<hbm::Request> last = runtime.start(call);
  if (last->wait(60s)) {
    std::printf("waited: %s, %zu outputs\n", hbm::requestStateName(last->state()), last->outputs().size());
  } else {
    last->abandon();  // its memory is kept until the driver is done with it
  }
  std::printf("cancelling what has ended: %s\n", last->cancel() ? "cancelled" : "refused");

  try {
    hbm::Call incomplete;
    (void)runtime.start(incomplete);
  } catch (const hbm::Error& error) {
    std::printf("error about model '%s': %s\n", error.context().model.c_str(), error.what());
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: asynchronous model.hbm\n");
    return 2;
  }
  try {
    demonstrate(argv[1]);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
