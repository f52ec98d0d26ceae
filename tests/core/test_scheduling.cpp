// Scheduling values: what is refused, how overrides are merged, what the driver gets.
#include <optional>
#include <string>

#include "core/request/scheduling.hpp"
#include "hbm_runtime/error.hpp"
#include "support/check.hpp"

namespace {

using Cores = std::vector<std::int32_t>;

hbm::ModelInfo compiledFor(std::int32_t cores) {
  hbm::ModelInfo model;
  model.name = "net";
  model.compileCores = cores;
  return model;
}

hbm::Soc with(std::optional<std::int32_t> cores) { return {cores, 64}; }

// "" when the overrides are accepted, else the message.
std::string refusal(const hbm::ModelInfo& model, const hbm::Soc& soc, const hbm::SchedOverrides& overrides) {
  try {
    hbm::checkOverrides(model, soc, overrides);
  } catch (const hbm::Error& error) {
    CHECK(error.kind() == hbm::ErrorKind::kInput);
    CHECK_EQ(error.context().model, std::string("net"));
    return error.what();
  }
  return "";
}

hbm::SchedOverrides cores(const Cores& numbers) {
  hbm::SchedOverrides overrides;
  overrides.bpuCores = numbers;
  return overrides;
}

}  // namespace

TEST(priorities_are_0_to_255) {
  for (const std::int32_t good : {0, 1, 253, 254, 255}) {
    hbm::SchedOverrides overrides;
    overrides.priority = good;
    CHECK_EQ(refusal(compiledFor(1), with(4), overrides), std::string());
  }
  for (const std::int32_t bad : {-1, 256, 2147483647, -2147483647 - 1}) {
    hbm::SchedOverrides overrides;
    overrides.priority = bad;
    CHECK(refusal(compiledFor(1), with(4), overrides).find(std::to_string(bad)) != std::string::npos);
  }
}

TEST(cores_must_exist_and_be_as_many_as_the_model_was_compiled_for) {
  const struct {
    std::int32_t compiled;
    std::optional<std::int32_t> onSoc;
    Cores given;
    const char* refused;  // part of the message, "" when it is fine
  } cases[] = {
      {1, 4, {}, ""},
      {1, 4, {-1}, ""},
      {1, 4, {3}, ""},
      {1, 4, {0, 1}, ""},  // any set of cores
      {1, 4, {0, 0}, ""},
      {1, 4, {4}, "0 to 3"},
      {1, 4, {-2}, "0 to 3"},
      {1, 4, {-1, 0}, "0 to 3"},
      {1, 1, {0}, ""},
      {1, 1, {0, 1}, ""},  // one that exists is enough
      {1, 1, {3, 2, 1, 0}, ""},
      {1, 1, {1}, "no core 1"},
      {1, 1, {3, 2}, "no core 3"},
      {1, std::nullopt, {3}, ""},  // the driver will know
      {2, 4, {0, 1}, ""},
      {2, 4, {3, 1}, ""},
      {2, 4, {-1}, ""},
      {2, 4, {}, ""},
      {2, 4, {0}, "exactly that many"},
      {2, 4, {0, 0}, "exactly that many"},
      {2, 4, {0, 1, 2}, "exactly that many"},
      {4, 4, {0, 1, 2, 3}, ""},
      {2, 1, {0, 1}, "no core 1"},
  };
  for (const auto& each : cases) {
    const std::string text = refusal(compiledFor(each.compiled), with(each.onSoc), cores(each.given));
    CHECK_EQ(text.empty(), *each.refused == '\0');
    CHECK(text.find(each.refused) != std::string::npos);
  }
}

TEST(overrides_replace_only_the_fields_that_they_have) {
  hbm::SchedParam base;
  base.priority = 1;
  base.customId = 2;
  base.bpuCores = {3};
  base.deviceId = 0;
  hbm::SchedOverrides overrides;
  CHECK(!overrides.any());
  overrides.customId = -7;
  CHECK(overrides.any());
  const hbm::SchedParam result = hbm::merged(base, overrides);
  CHECK_EQ(result.priority, 1);
  CHECK_EQ(result.customId, -7);
  CHECK(result.bpuCores == Cores{3});
}

TEST(the_driver_gets_a_mask_of_cores_that_exist_and_the_first_ones_where_it_would_refuse_any) {
  const struct {
    std::int32_t compiled;
    std::optional<std::int32_t> onSoc;
    Cores given;
    std::uint64_t backend;
  } cases[] = {
      {1, 4, {-1}, HB_UCP_BPU_CORE_ANY},
      {1, 4, {}, HB_UCP_BPU_CORE_ANY},
      {1, 4, {2}, HB_UCP_BPU_CORE_2},
      {1, 4, {0, 3}, HB_UCP_BPU_CORE_0 | HB_UCP_BPU_CORE_3},
      {2, 4, {-1}, HB_UCP_BPU_CORE_0 | HB_UCP_BPU_CORE_1},
      {4, 4, {}, HB_UCP_BPU_CORE_0 | HB_UCP_BPU_CORE_1 | HB_UCP_BPU_CORE_2 | HB_UCP_BPU_CORE_3},
      {1, 1, {0, 1}, HB_UCP_BPU_CORE_0},
      {1, 1, {3, 2, 0}, HB_UCP_BPU_CORE_0},
      {1, std::nullopt, {1, 3}, HB_UCP_BPU_CORE_1 | HB_UCP_BPU_CORE_3},
      {2, 4, {1, 3}, HB_UCP_BPU_CORE_1 | HB_UCP_BPU_CORE_3},
  };
  for (const auto& each : cases) {
    hbm::SchedParam sched;
    sched.priority = 254;
    sched.customId = 5'000'000'000;
    sched.bpuCores = each.given;
    const hbUCPSchedParam raw = hbm::driverSchedParam(compiledFor(each.compiled), with(each.onSoc), sched);
    CHECK_EQ(raw.backend, each.backend);
    CHECK_EQ(raw.priority, 254);
    CHECK_EQ(raw.customId, 5'000'000'000);
    CHECK_EQ(raw.deviceId, 0U);
  }
}
