// outputs= and output_names= of run(): where results go, and which of them the caller sees.
#pragma once

#include "bindings/arguments/model_names.hpp"

namespace hbm::python {

// What the caller wants of one call's outputs.
struct WantedOutputs {
  std::vector<py::object> arrays;  // in the order of the model's outputs: given arrays, null where none was; or empty
  std::vector<std::size_t> shown;  // positions of the outputs that the result has, in its order
  bool inPlainMemory = false;      // some arrays are not device memory: written when the request has ended
  Targets targets = Targets::kExact;
};

// Sets the outputs of `calls` and returns what is wanted of each call; None stands for an argument that was not given.
// Raises TypeError for arguments of a wrong type; throws Error (kInput) for what is wrong with them.
[[nodiscard]] std::vector<WantedOutputs> parseOutputs(const Runtime& runtime, const std::vector<ModelNames>& names,
                                                      const py::object& outputs, const py::object& outputNames,
                                                      std::vector<Call>& calls);

// True if a result lies in an array.
[[nodiscard]] bool isIn(const DeviceTensor& result, const py::array& array);

// The result of one call as the caller wants it: {output: array}.
[[nodiscard]] py::dict wrapOutputs(const ModelNames& names, const WantedOutputs& wanted,
                                   const std::vector<DeviceTensor>& outputs);

}  // namespace hbm::python
