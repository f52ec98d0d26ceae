// Checks scheduling parameters and turns them into the driver's.
#pragma once

#include "core/driver/soc.hpp"
#include "hbm_runtime/model_info.hpp"
#include "hbm_runtime/scheduling.hpp"
#include "hobot/hb_ucp.h"

namespace hbm {

// Throws Error (kInput) naming the model, the valid range and the value.
void checkOverrides(const ModelInfo& model, const Soc& soc, const SchedOverrides& overrides);

// `base` with the fields of `overrides` in their place.
[[nodiscard]] SchedParam merged(SchedParam base, const SchedOverrides& overrides);

// The driver's form: the cores of the list that exist. An automatic choice for a model compiled for N >= 2 cores
// becomes the first N.
[[nodiscard]] hbUCPSchedParam driverSchedParam(const ModelInfo& model, const Soc& soc, const SchedParam& sched);

}  // namespace hbm
