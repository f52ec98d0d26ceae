// How a model's inferences are scheduled.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace hbm {

struct SchedParam {
  std::int32_t priority = 0;               // 0..255, bigger first; 254 and 255 overtake the others
  std::int64_t customId = 0;               // among equal priorities the smaller first
  std::vector<std::int32_t> bpuCores{-1};  // allowed cores; [-1] or empty: the scheduler chooses
  std::uint32_t deviceId = 0;
};

// Fields that a call overrides.
struct SchedOverrides {
  std::optional<std::int32_t> priority;
  std::optional<std::int64_t> customId;
  std::optional<std::vector<std::int32_t>> bpuCores;
  std::optional<std::uint32_t> deviceId;

  [[nodiscard]] bool any() const noexcept { return priority || customId || bpuCores || deviceId; }
};

}  // namespace hbm
