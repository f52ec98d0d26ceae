// The arguments of run() and run_async(), taken apart.
#pragma once

#include "bindings/arguments/input_arguments.hpp"
#include "bindings/arguments/output_arguments.hpp"
#include "bindings/arguments/scheduling_arguments.hpp"

namespace hbm::python {

struct RunArguments {
  std::vector<Call> calls;
  std::vector<WantedOutputs> wanted;  // of each call
  std::vector<py::object> keepAlive;  // the arrays that the calls point into
};

// The arguments as they came; None where one was not given.
struct RunKeywords {
  py::object input;
  py::object modelName;
  SchedulingArguments scheduling;
  py::object outputs;
  py::object outputNames;
};

// Raises TypeError for arguments of a wrong type; throws Error (kInput) for what is wrong with them.
[[nodiscard]] RunArguments parseRun(const Runtime& runtime, const std::vector<ModelNames>& names,
                                    const RunKeywords& keywords);

}  // namespace hbm::python
