// Takes the inputs of run() apart: which model gets which array.
#pragma once

#include "bindings/arguments/model_names.hpp"

namespace hbm::python {

struct InputArguments {
  std::vector<Call> calls;            // of each model that runs, with its inputs
  std::vector<py::object> keepAlive;  // the arrays that the calls point into
};

// `input` is an array, a dict of arrays by input name, or a dict of such dicts by model name; `modelName` is None or
// chooses one model. Raises TypeError for arguments of a wrong type; throws Error (kInput) for what is wrong with them.
[[nodiscard]] InputArguments parseInputs(const Runtime& runtime, const std::vector<ModelNames>& names,
                                         const py::object& input, const py::object& modelName);

}  // namespace hbm::python
