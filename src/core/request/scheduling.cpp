#include "core/request/scheduling.hpp"

#include <algorithm>
#include <set>
#include <string>

#include "core/driver/status.hpp"
#include "hbm_runtime/error.hpp"

namespace hbm {
namespace {

constexpr std::int32_t kMaxPriority = 255;
constexpr std::int32_t kMaxCore = 3;  // the ABI has bits for cores 0 to 3

[[noreturn]] void refuse(const ModelInfo& model, const std::string& text) {
  throw Error(ErrorKind::kInput, place(model.name) + ": " + text, {"", 0, "", model.name, ""});
}

bool automatic(const std::vector<std::int32_t>& cores) {
  return cores.empty() || (cores.size() == 1 && cores.front() == -1);
}

std::string listed(const std::vector<std::int32_t>& cores) {
  std::string text = "[";
  for (const std::int32_t core : cores) {
    text += (text.size() == 1 ? "" : ", ") + std::to_string(core);
  }
  return text + "]";
}

bool exists(const Soc& soc, std::int32_t core) { return !soc.cores || core < *soc.cores; }

void checkCores(const ModelInfo& model, const Soc& soc, const std::vector<std::int32_t>& cores) {
  if (automatic(cores)) {
    return;
  }
  for (const std::int32_t core : cores) {
    if (core < 0 || core > kMaxCore) {
      refuse(model, "bpu_cores " + listed(cores) + " is not valid: cores are 0 to 3, and [-1] or [] for automatic");
    }
  }
  const auto missing = std::find_if(cores.begin(), cores.end(), [&](auto core) { return !exists(soc, core); });
  const bool several = model.compileCores >= 2;
  // A model for one core runs on any of those that are listed: one of them has to exist.
  const bool enough = several ? missing == cores.end()
                              : std::any_of(cores.begin(), cores.end(), [&](auto core) { return exists(soc, core); });
  if (!enough) {
    refuse(model, "bpu_cores " + listed(cores) + ": this SoC has no core " + std::to_string(*missing) + "; it has " +
                      std::to_string(soc.cores.value_or(0)) + ", counted from 0");
  }
  const std::set<std::int32_t> distinct(cores.begin(), cores.end());
  if (several && distinct.size() != static_cast<std::size_t>(model.compileCores)) {
    refuse(model, "was compiled for " + std::to_string(model.compileCores) + " cores and needs exactly that many in " +
                      "bpu_cores, given " + listed(cores) + "; [-1] chooses the first ones");
  }
}

}  // namespace

void checkOverrides(const ModelInfo& model, const Soc& soc, const SchedOverrides& overrides) {
  if (overrides.priority && (*overrides.priority < 0 || *overrides.priority > kMaxPriority)) {
    refuse(model, "priority " + std::to_string(*overrides.priority) + " is out of range; it is 0 to 255");
  }
  // Boards have one device; of a SoC that is not known the driver may tell.
  if (overrides.deviceId && *overrides.deviceId != 0 && soc.cores) {
    refuse(model, "device_id " + std::to_string(*overrides.deviceId) + ": this SoC has device 0 only");
  }
  if (overrides.bpuCores) {
    checkCores(model, soc, *overrides.bpuCores);
  }
}

SchedParam merged(SchedParam base, const SchedOverrides& overrides) {
  if (overrides.priority) {
    base.priority = *overrides.priority;
  }
  if (overrides.customId) {
    base.customId = *overrides.customId;
  }
  if (overrides.bpuCores) {
    base.bpuCores = *overrides.bpuCores;
  }
  if (overrides.deviceId) {
    base.deviceId = *overrides.deviceId;
  }
  return base;
}

hbUCPSchedParam driverSchedParam(const ModelInfo& model, const Soc& soc, const SchedParam& sched) {
  hbUCPSchedParam raw{};
  raw.priority = sched.priority;
  raw.customId = sched.customId;
  raw.deviceId = sched.deviceId;
  if (automatic(sched.bpuCores)) {
    raw.backend = model.compileCores >= 2 ? (1ULL << model.compileCores) - 1 : HB_UCP_BPU_CORE_ANY;
  } else {
    for (const std::int32_t core : sched.bpuCores) {
      raw.backend |= exists(soc, core) ? 1ULL << core : 0;
    }
  }
  return raw;
}

}  // namespace hbm
