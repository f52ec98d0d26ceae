// The remote control of the test drivers. A test gets it with client.hpp.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "hobot/hb_ucp.h"

namespace testdriver {

// Index of every function of the driver.
enum Function : std::size_t {
#define HBM_DRIVER_FUNCTION(library, name, need) k_##name,
#include "functions.inc"
#undef HBM_DRIVER_FUNCTION
  kFunctionCount
};

struct Control {
  // How often each function was called.
  std::array<std::atomic<std::int64_t>, kFunctionCount> calls{};

  // Calls of `failing` that go well before `failures` of them fail with failStatus.
  std::atomic<std::size_t> failing{kFunctionCount};
  std::atomic<std::int64_t> goodCalls{0};
  std::atomic<std::int64_t> failures{0};
  std::atomic<std::int32_t> failStatus{HB_UCP_UNKNOWN_ERROR};

  // What clients hold.
  std::atomic<std::int64_t> liveTasks{0};
  std::atomic<std::int64_t> livePacked{0};
  std::atomic<std::int64_t> liveBlocks{0};

  // Back to the settings that this driver starts with, then what `settings` says (README.md). Not while models are
  // loaded, but for hold, duration_ms, tasks, refusals, rewait, callback and copy. Ends the process when it is wrong.
  void (*configure)(const char* settings) = nullptr;

  // Ends the oldest held task, or every one, with this status. How many ended.
  std::size_t (*finish)(std::int32_t status) = nullptr;
  std::size_t (*finishAll)(std::int32_t status) = nullptr;

  // Scheduling parameters of the tasks in the order in which they were submitted. How many there were.
  std::size_t (*submissions)(hbUCPSchedParam* parameters, std::size_t capacity) = nullptr;
};

}  // namespace testdriver

extern "C" testdriver::Control* hbmTestDriverControl();
