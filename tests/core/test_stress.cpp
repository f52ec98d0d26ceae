// Many threads do everything at once. Made for ThreadSanitizer; the checks are that all ends and nothing is kept.
#include <atomic>
#include <random>
#include <thread>

#include "null_model.hpp"

using namespace std::chrono_literals;
using nullmodel::callOf;
using nullmodel::Input;

namespace {

constexpr int kThreads = 4;
constexpr int kRounds = 150;

class Chaos {
 public:
  explicit Chaos(hbm::Runtime& runtime, unsigned seed) : runtime_(runtime), random_(seed) {}

  void step() {
    hbm::CallOptions options;
    hbm::Call call = callOf(input_, random_() % runtime_.modelCount());
    call.sched.priority = static_cast<std::int32_t>(random_() % 256);
    switch (random_() % 8) {
      case 0:
        options.timeout = std::chrono::microseconds(random_() % 300);
        break;
      case 1:
        options.deadline = std::chrono::steady_clock::now() + std::chrono::microseconds(random_() % 300);
        break;
      default:
        break;
    }
    try {
      act(call, options);
    } catch (const hbm::Error& error) {
      if (error.kind() != hbm::ErrorKind::kTimeout && error.kind() != hbm::ErrorKind::kDeadline &&
          error.kind() != hbm::ErrorKind::kCancelled) {
        throw;
      }
    }
  }

 private:
  void act(const hbm::Call& call, const hbm::CallOptions& options) {
    switch (random_() % 8) {
      case 0:
        return runtime_.setSchedParams({{call.model, call.sched}});
      case 1:
        static_cast<void>(runtime_.schedParams());
        return static_cast<void>(runtime_.memoryUsage(call.model));
      case 2:
        return static_cast<void>(runtime_.run({call, callOf(input_, 0)}, options));
      case 3: {
        const auto request = runtime_.start(call, options);
        std::atomic<bool> called{false};
        request->onDone([&called] { called = true; });
        request->cancel();
        CHECK(request->wait(std::nullopt));
        CHECK(nullmodel::eventually([&] { return called.load(); }));
        return;
      }
      case 4: {
        const auto request = runtime_.start(call, options);
        request->abandon();
        return;
      }
      case 5: {
        const auto one = runtime_.start(call, options);
        const auto two = runtime_.start(call, options);
        CHECK(one->wait(std::nullopt) && two->wait(std::nullopt));
        static_cast<void>(one->info());
        return static_cast<void>(one->outputs());
      }
      default:
        return static_cast<void>(runtime_.run({call}, options));
    }
  }

  hbm::Runtime& runtime_;
  const Input input_;
  std::minstd_rand random_;
};

void runAll(const std::string& settings) {
  testdriver::Control& control = testdriver::control();
  control.configure(settings.c_str());
  std::atomic<int> wrong{0};
  {
    hbm::Runtime runtime(nullmodel::anyFile());
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < kThreads; ++i) {
      threads.emplace_back([&, i] {
        try {
          Chaos chaos(runtime, i + 1);
          for (int round = 0; round < kRounds; ++round) {
            chaos.step();
          }
          hbm::Runtime another(nullmodel::anyFile());
        } catch (...) {
          ++wrong;
        }
      });
    }
    for (std::thread& thread : threads) {
      thread.join();
    }
  }
  CHECK_EQ(wrong.load(), 0);
  CHECK(nullmodel::nothingHeld(control));
}

}  // namespace

TEST(on_a_driver_that_is_done_at_once) { runAll("models=3"); }

TEST(on_a_driver_that_takes_time) { runAll("models=3 duration_ms=1"); }

TEST(on_a_driver_with_few_tasks) { runAll("models=2 duration_ms=1 tasks=3"); }

TEST(on_a_driver_without_callbacks) { runAll("models=2 callback=refused"); }
