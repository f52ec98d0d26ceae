// BPUSIM_FAULT as rules: "target:action[@when][=value]; ...". The grammar is in src/bpusim/README.md.
#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace bpusim::faults {

inline constexpr std::uint64_t kForEver = std::numeric_limits<std::uint64_t>::max();

enum class Action : std::uint8_t { kFail, kDelay, kHang };

// Happens to the calls of a function, or to tasks when function is "task".
struct CallRule {
  std::string_view function;  // of functions.inc, or kTasks
  Action action = Action::kFail;
  std::uint64_t first = 1;  // counted from 1
  std::uint64_t last = kForEver;
  std::int32_t status = 0;
  std::chrono::nanoseconds delay{0};
  std::uint64_t seen = 0;
};

inline constexpr std::string_view kTasks = "task";

struct CoreRule {
  std::int32_t core = 0;
  std::chrono::nanoseconds begin{0};
  std::chrono::nanoseconds end = std::chrono::nanoseconds::max();
};

struct Rules {
  std::vector<CallRule> calls;
  std::vector<CoreRule> cores;
};

// The rules, or a text that says what is wrong with spec.
[[nodiscard]] std::variant<Rules, std::string> parse(std::string_view spec, std::int32_t coreCount);

}  // namespace bpusim::faults
