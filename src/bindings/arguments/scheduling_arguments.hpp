// Scheduling keywords: mappings by model name.
#pragma once

#include <utility>
#include <vector>

#include "bindings/bindings.hpp"
#include "hbm_runtime/runtime.hpp"

namespace hbm::python {

// The keywords as they came; None where one was not given.
struct SchedulingArguments {
  py::object priority;
  py::object bpuCores;
  py::object customId;
  py::object deviceId;

  [[nodiscard]] bool empty() const {
    return priority.is_none() && bpuCores.is_none() && customId.is_none() && deviceId.is_none();
  }
};

// Overrides by model index, for the models that the keywords name. Raises TypeError for values of a wrong type, throws
// Error (kInput) for unknown models and for numbers that do not fit.
[[nodiscard]] std::vector<std::pair<std::size_t, SchedOverrides>> parseScheduling(const Runtime& runtime,
                                                                                  const SchedulingArguments& arguments);

}  // namespace hbm::python
