#include "hbucp/faults/fault_grammar.hpp"

#include <charconv>
#include <optional>

#include "hobot/hb_ucp_status.h"
#include "status_text.hpp"

namespace bpusim::faults {
namespace {

using std::chrono::nanoseconds;

// The text for the user; caught by parse().
struct Mistake {
  std::string text;
};

constexpr std::string_view kFunctions[] = {
#define HBM_DRIVER_FUNCTION(library, name, need) #name,
#include "functions.inc"
#undef HBM_DRIVER_FUNCTION
};

constexpr std::chrono::hours kLongestTime{24};

std::string quoted(std::string_view text) { return '"' + std::string(text) + '"'; }

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t\n\r");
  if (begin == std::string_view::npos) {
    return {};
  }
  return text.substr(begin, text.find_last_not_of(" \t\n\r") - begin + 1);
}

// The part of text before the first mark; text becomes what follows it, or empty.
std::string_view cut(std::string_view& text, std::string_view mark) {
  const std::size_t at = text.find(mark);
  const std::string_view before = text.substr(0, at);
  text.remove_prefix(at == std::string_view::npos ? text.size() : at + mark.size());
  return trimmed(before);
}

template <class Number>
std::optional<Number> number(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return value;
}

nanoseconds duration(std::string_view text) {
  struct Unit {
    std::string_view name;
    nanoseconds length;
  };
  constexpr Unit kUnits[] = {
      {"us", std::chrono::microseconds(1)}, {"ms", std::chrono::milliseconds(1)}, {"s", std::chrono::seconds(1)}};
  for (const Unit& unit : kUnits) {
    if (text.size() > unit.name.size() && text.substr(text.size() - unit.name.size()) == unit.name) {
      const auto count = number<std::uint32_t>(trimmed(text.substr(0, text.size() - unit.name.size())));
      if (count && unit.length * *count <= kLongestTime) {
        return unit.length * *count;
      }
    }
  }
  throw Mistake{quoted(text) + " is no time: a whole number with us, ms or s, at most 24 hours"};
}

std::int32_t status(std::string_view text) {
  for (const StatusText& row : kStatusTexts) {
    if (text == row.name && row.status != HB_UCP_SUCCESS) {
      return row.status;
    }
  }
  const auto value = number<std::int32_t>(text);
  if (value && *value < 0) {
    return *value;
  }
  throw Mistake{quoted(text) + " is no failure: a negative number or a name such as HB_UCP_MEM_ALLOC_FAIL"};
}

// "n": the n-th only; "n+": from the n-th on; "n..m": these.
void parseCount(std::string_view when, CallRule& rule) {
  std::optional<std::uint64_t> first;
  std::optional<std::uint64_t> last;
  if (!when.empty() && when.back() == '+') {
    first = number<std::uint64_t>(when.substr(0, when.size() - 1));
    last = kForEver;
  } else if (when.find("..") != std::string_view::npos) {
    std::string_view rest = when;
    first = number<std::uint64_t>(cut(rest, ".."));
    last = number<std::uint64_t>(trimmed(rest));
  } else {
    first = last = number<std::uint64_t>(when);
  }
  if (!first || !last || *first == 0 || *last < *first) {
    throw Mistake{quoted(when) + " says no calls: N, N+ or N..M, counted from 1"};
  }
  rule.first = *first;
  rule.last = *last;
}

std::string_view knownFunction(std::string_view target) {
  if (target == kTasks) {
    return kTasks;
  }
  for (const std::string_view name : kFunctions) {
    if (target == name) {
      return name;
    }
  }
  throw Mistake{quoted(target) + " is no target: a driver function, task, or core0, core1, ..."};
}

CallRule callRule(std::string_view target, std::string_view action, std::string_view when, std::string_view value) {
  CallRule rule;
  rule.function = knownFunction(target);
  if (action == "fail") {
    rule.action = Action::kFail;
    rule.status = value.empty() ? HB_UCP_UNKNOWN_ERROR : status(value);
  } else if (action == "delay") {
    rule.action = Action::kDelay;
    rule.delay = duration(value);
  } else if (action == "hang" && rule.function == kTasks) {
    rule.action = Action::kHang;
    if (!value.empty()) {
      throw Mistake{"hang takes no value, but has " + quoted(value)};
    }
  } else {
    throw Mistake{quoted(action) + (rule.function == kTasks ? " is no fault of a task: fail, delay or hang"
                                                            : " is no fault of a function: fail or delay")};
  }
  if (!when.empty()) {
    parseCount(when, rule);
  }
  return rule;
}

CoreRule coreRule(std::int32_t core, std::int32_t coreCount, std::string_view action, std::string_view when,
                  std::string_view value) {
  if (core < 0 || core >= coreCount) {
    throw Mistake{"there is no core " + std::to_string(core) + ": the SoC has " + std::to_string(coreCount)};
  }
  if (action != "lost" || !value.empty()) {
    throw Mistake{"the fault of a core is lost, lost@BEGIN.. or lost@BEGIN..END"};
  }
  CoreRule rule;
  rule.core = core;
  if (!when.empty()) {
    if (when.find("..") == std::string_view::npos) {
      throw Mistake{quoted(when) + " says no span of time: BEGIN.. or BEGIN..END, such as 100ms..500ms"};
    }
    rule.begin = duration(cut(when, ".."));
    when = trimmed(when);
    if (!when.empty()) {
      rule.end = duration(when);
    }
    if (rule.end <= rule.begin) {
      throw Mistake{"a core's loss must end after it begins"};
    }
  }
  return rule;
}

void addRule(std::string_view text, std::int32_t coreCount, Rules& rules) {
  std::string_view rest = text;
  const std::string_view target = cut(rest, ":");
  std::string_view condition = cut(rest, "=");
  const std::string_view value = trimmed(rest);
  const bool hasValue = text.find('=') != std::string_view::npos;
  const bool hasCondition = condition.find('@') != std::string_view::npos;
  const std::string_view action = cut(condition, "@");
  const std::string_view when = trimmed(condition);
  if ((hasValue && value.empty()) || (hasCondition && when.empty())) {
    throw Mistake{"something is missing after = or @"};
  }
  constexpr std::string_view kCore = "core";
  if (target.substr(0, kCore.size()) == kCore) {
    if (const auto core = number<std::int32_t>(target.substr(kCore.size()))) {
      rules.cores.push_back(coreRule(*core, coreCount, action, when, value));
      return;
    }
  }
  rules.calls.push_back(callRule(target, action, when, value));
}

}  // namespace

std::variant<Rules, std::string> parse(std::string_view spec, std::int32_t coreCount) {
  Rules rules;
  while (!spec.empty()) {
    const std::string_view rule = cut(spec, ";");
    if (rule.empty()) {
      continue;
    }
    try {
      addRule(rule, coreCount, rules);
    } catch (const Mistake& mistake) {
      return "fault rule " + quoted(rule) + ": " + mistake.text;
    }
  }
  return rules;
}

}  // namespace bpusim::faults
