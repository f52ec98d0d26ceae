#include "hbucp/base/settings.hpp"

#include <sched.h>
#include <strings.h>

#include <charconv>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <string_view>

#include "hbucp/base/log.hpp"

namespace bpusim {
namespace {

struct Soc {
  const char* id;
  const char* march;
  const char* name;
  std::int32_t cores;
  std::int32_t strideAlignment;
};

constexpr Soc kSocs[] = {
#define HBM_SOC(id, board, march, name, cores, alignment) {id, march, name, cores, alignment},
#include "socs.inc"
};

// A program with raised privileges ignores the user's environment.
const char* variable(const char* name) {
  const char* value = secure_getenv(name);
  return value != nullptr && *value != '\0' ? value : nullptr;
}

std::optional<long> wholeNumber(std::string_view text) {
  long value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return value;
}

void chooseSoc(Settings& settings) {
  const char* wanted = variable("BPUSIM_SOC");
  const Soc* chosen = wanted == nullptr ? &kSocs[0] : nullptr;
  for (const Soc& soc : kSocs) {
    if (wanted != nullptr && strcasecmp(wanted, soc.id) == 0) {
      chosen = &soc;
    }
  }
  if (chosen == nullptr) {
    settings.problem = std::string("BPUSIM_SOC is \"") + wanted + "\"; it must be s100, s100p or s600";
    chosen = &kSocs[0];
  }
  settings.platform = {chosen->id, chosen->march, chosen->cores, chosen->strideAlignment, wanted != nullptr};
  settings.socName = chosen->name;
}

void readTaskLimit(Settings& settings) {
  settings.taskLimit = kDefaultTaskLimit;
  const char* wanted = variable("HB_UCP_MAX_TASK_NUM");
  if (wanted == nullptr) {
    return;
  }
  const std::optional<long> limit = wholeNumber(wanted);
  if (limit && *limit >= 1 && *limit <= static_cast<long>(kLargestTaskLimit)) {
    settings.taskLimit = static_cast<std::size_t>(*limit);
    return;
  }
  log(LogLevel::kWarn, std::string("HB_UCP_MAX_TASK_NUM is \"") + wanted + "\"; it must be a number from 1 to " +
                           std::to_string(kLargestTaskLimit) + ". The default, " + std::to_string(kDefaultTaskLimit) +
                           ", holds");
}

// "0,2,3": CPUs that this process may use.
void readCpus(Settings& settings) {
  const char* wanted = variable("BPUSIM_CPUS");
  if (wanted == nullptr) {
    return;
  }
  cpu_set_t usable;
  CPU_ZERO(&usable);
  sched_getaffinity(0, sizeof usable, &usable);
  std::string_view rest = wanted;
  for (bool more = true; more;) {
    const std::size_t comma = rest.find(',');
    const std::optional<long> cpu = wholeNumber(rest.substr(0, comma));
    if (!cpu || *cpu < 0 || *cpu >= CPU_SETSIZE || !CPU_ISSET(static_cast<std::size_t>(*cpu), &usable)) {
      log(LogLevel::kWarn, std::string("BPUSIM_CPUS is \"") + wanted +
                               "\"; it must be CPUs that this process may use, such as 0,1. It is ignored");
      settings.cpus.clear();
      return;
    }
    settings.cpus.push_back(static_cast<int>(*cpu));
    more = comma != std::string_view::npos;
    rest.remove_prefix(more ? comma + 1 : 0);
  }
}

// "a:b:c:d", MiB of second-level memory per core. A CPU has no such memory, so the value is only checked: a mistake
// shows on the PC already.
void checkL2mSizes() {
  const char* sizes = variable("HB_DNN_USER_DEFINED_L2M_SIZES");
  if (sizes == nullptr) {
    return;
  }
  std::string_view rest = sizes;
  int count = 0;
  bool valid = true;
  while (valid) {
    const std::size_t colon = rest.find(':');
    const std::optional<long> size = wholeNumber(rest.substr(0, colon));
    valid = size && *size >= 0;
    ++count;
    if (colon == std::string_view::npos) {
      break;
    }
    rest.remove_prefix(colon + 1);
  }
  if (valid && count == 4) {
    log(LogLevel::kInfo, std::string("HB_DNN_USER_DEFINED_L2M_SIZES=") + sizes + " has no effect on a CPU");
  } else {
    log(LogLevel::kWarn, std::string("HB_DNN_USER_DEFINED_L2M_SIZES is \"") + sizes +
                             "\"; it must be four sizes in MiB, such as 6:6:6:6. A board would not accept it");
  }
}

std::unique_ptr<Settings> read() {
  auto settings = std::make_unique<Settings>();
  chooseSoc(*settings);
  readTaskLimit(*settings);
  readCpus(*settings);
  checkL2mSizes();
  if (const char* faults = variable("BPUSIM_FAULT")) {
    settings->faults = faults;
  }
  if (settings->problem.empty()) {
    log(LogLevel::kInfo, std::string("imitates ") + settings->socName + ", " +
                             std::to_string(settings->platform.cores) + " BPU core(s), at most " +
                             std::to_string(settings->taskLimit) + " tasks");
  } else {
    log(LogLevel::kError, settings->problem);
  }
  return settings;
}

}  // namespace

const Settings& settings() {
  // Never destroyed: threads and other libraries' destructors may call the driver until the process is gone.
  static const Settings& instance = *read().release();
  return instance;
}

namespace {

// At load, not at the first call: mistakes show early, and what is set later by setenv() comes too late for all alike.
[[maybe_unused]] const Settings& readAtLoad = settings();

}  // namespace

}  // namespace bpusim
