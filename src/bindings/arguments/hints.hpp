// What Python users can do about a wrong argument. The library's errors name what is wrong; the advice is a line of
// Python.
#pragma once

#include <string>

#include "bindings/bindings.hpp"
#include "hbm_runtime/error.hpp"
#include "hbm_runtime/runtime.hpp"

namespace hbm::python {

// " (...)" behind a message about something that is no array.
[[nodiscard]] std::string hintForObject(py::handle value);

// About something that promises an array and raised instead; "" where its own exception says it all.
[[nodiscard]] std::string hintForFailedConversion(py::handle value);

// "; ..." behind a message about an array of this shape and numpy dtype, "" where nothing is known to help.
[[nodiscard]] std::string hintForArray(const ModelInfo& model, const char* role, const TensorInfo& tensor,
                                       const py::array& array);

// viewOf(), with what helps behind its error. Throws Error (kInput).
[[nodiscard]] TensorView advisedViewOf(const py::array& array, const ModelInfo& model, const char* role,
                                       const TensorInfo& tensor);

// The same for one array that is given to a model with several inputs.
[[nodiscard]] std::string hintForSingleArray(const ModelInfo& model, const py::object& array);

// The error of a call, with what helps when it is about a tensor's dtype or shape.
[[nodiscard]] Error withHint(const Error& error, const Runtime& runtime, const std::vector<Call>& calls);

}  // namespace hbm::python
