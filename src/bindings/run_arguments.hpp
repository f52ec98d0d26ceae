// Takes the arguments of run() apart: which model gets which array.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "bindings/bindings.hpp"
#include "bindings/scheduling_arguments.hpp"
#include "hbm_runtime/runtime.hpp"

namespace hbm::python {

// Names of a model as Python strings, made once.
struct ModelNames {
  py::str name;
  std::vector<py::str> inputs;
  std::vector<py::str> outputs;
  py::dict inputIndex;  // name -> position
};

[[nodiscard]] std::vector<ModelNames> namesOf(const Runtime& runtime);

struct RunArguments {
  std::vector<Call> calls;
  std::vector<py::object> keepAlive;  // the arrays that the calls point into
};

// Raises TypeError for arguments of a wrong type; throws Error (kInput) for what is wrong with them.
[[nodiscard]] RunArguments parseRun(const Runtime& runtime, const std::vector<ModelNames>& names,
                                    const py::object& input, const py::object& modelName,
                                    const SchedulingArguments& scheduling);

}  // namespace hbm::python
