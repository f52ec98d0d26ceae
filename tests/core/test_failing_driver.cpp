// Every function of the driver fails at its 1st, 2nd and 3rd call: an error that names it, nothing kept, and what comes
// next works.
#include <array>
#include <set>

#include "null_model.hpp"

using nullmodel::callOf;
using nullmodel::errorOf;
using nullmodel::Input;

namespace {

constexpr std::array<const char*, testdriver::kFunctionCount> kNames{
#define HBM_DRIVER_FUNCTION(library, name, need) #name,
#include "functions.inc"
#undef HBM_DRIVER_FUNCTION
};

// Giving something back cannot fail for the caller: it is tried again.
bool givesBack(std::size_t function) {
  return function == testdriver::k_hbUCPFree || function == testdriver::k_hbUCPReleaseTask ||
         function == testdriver::k_hbDNNRelease;
}

// Without a callback a thread waits.
bool hasSubstitute(std::size_t function) { return function == testdriver::k_hbUCPSetTaskDoneCb; }

// Two models with two inputs and outputs each are loaded and run in both ways, then once more.
void loadAndRun() {
  const Input input;
  hbm::Runtime runtime(nullmodel::anyFile());
  std::vector<hbm::Call> calls{callOf(input, 0), callOf(input, 1)};
  for (hbm::Call& call : calls) {
    call.inputs.push_back(input.view());
  }
  static_cast<void>(runtime.run({calls[0]}));
  static_cast<void>(runtime.run(calls));
  const auto request = runtime.start(calls[0]);
  CHECK(request->wait(nullmodel::kPatience));
  static_cast<void>(request->outputs());
}

}  // namespace

TEST(each_function_may_fail_at_its_first_second_and_third_call) {
  testdriver::Control& control = testdriver::control();
  control.configure("models=2 inputs=2 outputs=2 shape=16x1 strides=4x4 copy=1");
  control.configure("models=2 inputs=2 outputs=2");
  std::set<std::string> walked;
  for (std::size_t function = 0; function < testdriver::kFunctionCount; ++function) {
    for (std::int64_t good = 0; good < 3; ++good) {
      for (auto& count : control.calls) {
        count = 0;
      }
      control.failStatus = HB_UCP_API_USE_ERROR;
      control.goodCalls = good;
      control.failures = 1;
      control.failing = function;
      std::string failed;
      try {
        loadAndRun();
      } catch (const hbm::Error& error) {
        failed = error.context().function;
        CHECK_EQ(error.context().status, HB_UCP_API_USE_ERROR);
        CHECK(error.kind() == hbm::ErrorKind::kDriver);
        CHECK(std::string(error.what()).find(kNames[function]) != std::string::npos);
      }
      control.failing = testdriver::kFunctionCount;
      if (control.calls[function] > good) {
        walked.insert(kNames[function]);
        CHECK_EQ(failed, std::string(givesBack(function) || hasSubstitute(function) ? "" : kNames[function]));
      }
      CHECK(nullmodel::nothingHeld(control));
      loadAndRun();
      CHECK(nullmodel::nothingHeld(control));
    }
  }
  CHECK(walked.size() >= 19);
}

TEST(a_task_that_ends_with_an_unknown_failure_keeps_its_memory_until_it_has_ended) {
  testdriver::Control& control = testdriver::control();
  control.configure("hold=1");
  hbm::Runtime runtime(nullmodel::anyFile());
  control.failStatus = HB_UCP_UNKNOWN_ERROR;
  control.goodCalls = 0;
  control.failures = 1;
  control.failing = testdriver::k_hbUCPWaitTaskDone;
  const hbm::Error error = errorOf([&] { static_cast<void>(runtime.run({callOf({})})); });
  CHECK_EQ(error.context().function, std::string("hbUCPWaitTaskDone"));
  CHECK_EQ(control.liveTasks.load(), 1);
  CHECK_EQ(runtime.memoryUsage(0).freeBytes, 0);
  CHECK_EQ(control.finish(0), 1U);
  CHECK(nullmodel::eventually([&] { return control.liveTasks == 0 && runtime.memoryUsage(0).usedBytes == 0; }));
}
