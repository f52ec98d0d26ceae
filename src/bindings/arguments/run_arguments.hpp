// Takes the arguments of run() apart: which model gets which array.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "bindings/arguments/scheduling_arguments.hpp"
#include "bindings/bindings.hpp"
#include "hbm_runtime/runtime.hpp"

namespace hbm::python {

// Names of a model as Python strings, made once.
struct ModelNames {
  py::str name;
  std::vector<py::str> inputs;
  std::vector<py::str> outputs;
  py::dict inputIndex;  // name -> position
  py::dict outputIndex;
};

[[nodiscard]] std::vector<ModelNames> namesOf(const Runtime& runtime);

// What the caller wants of one call's outputs.
struct OutputWish {
  std::vector<py::object> arrays;  // in the order of the model's outputs: given arrays, null where none was; or empty
  std::vector<std::size_t> shown;  // positions of the outputs that he wants to see, in his order
  bool inPlainMemory = false;      // some arrays are not device memory: written when the request has ended
  Targets targets = Targets::kExact;
};

struct RunArguments {
  std::vector<Call> calls;
  std::vector<OutputWish> wishes;     // one for each call
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

// Whether a result lies in an array.
[[nodiscard]] bool isIn(const DeviceTensor& result, const py::array& array);

// The result of one call as the caller wants it: {output: array}.
[[nodiscard]] py::dict wrapOutputs(const ModelNames& names, const OutputWish& wish,
                                   const std::vector<DeviceTensor>& outputs);

}  // namespace hbm::python
