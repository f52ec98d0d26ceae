// Names of models and their tensors, and what a key of the caller's stands for.
#pragma once

#include <string>
#include <vector>

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

// "'a', 'b'"
[[nodiscard]] std::string listed(const std::vector<py::str>& names);

// Position of the input or output that a key names. Throws Error (kInput) for a name that the model does not have.
[[nodiscard]] std::size_t positionOf(const ModelNames& names, bool input, py::handle key);

}  // namespace hbm::python
