// Failures, delays, hanging tasks and lost cores on demand. The grammar is in src/bpusim/README.md.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace bpusim::faults {

// Replaces all rules and starts their counters and clock anew; tasks that old rules keep hanging go on. When spec is
// wrong nothing changes, and the text for the user is returned.
[[nodiscard]] std::optional<std::string> set(std::string_view spec);

// False while there are no rules.
[[nodiscard]] bool active() noexcept;

// A function is called: waits as long as the rules say, and returns the status to fail with, or success.
[[nodiscard]] std::int32_t onCall(const char* function) noexcept;

// A task begins on a core: delays or holds it as the rules say. Returns the status to fail with, or success.
// goOn ends a hold early: the task was released or the process exits.
[[nodiscard]] std::int32_t onTask(const std::atomic<bool>& goOn) noexcept;

// Lets tasks go on: those that a rule keeps hanging, or (only) those whose goOn has become true.
void releaseHanging() noexcept;
void wakeHeld() noexcept;

// Which cores are lost at this moment, as bits, and when that changes next.
struct CoreLoss {
  std::uint32_t lost = 0;
  std::optional<std::chrono::steady_clock::time_point> changes;
};
[[nodiscard]] CoreLoss coreLoss();

}  // namespace bpusim::faults
