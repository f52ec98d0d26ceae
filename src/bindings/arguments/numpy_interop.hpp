// The one place that maps element types to numpy, and arrays to tensors and back.
#pragma once

#include <string>

#include "bindings/bindings.hpp"
#include "hbm_runtime/model_info.hpp"
#include "hbm_runtime/tensor.hpp"

namespace hbm::python {

// True if something can be an input: a numpy array or an object that gives one without a cast (`__array__`, the buffer
// protocol, `__dlpack__`). Lists, tuples, scalars and text cannot.
[[nodiscard]] bool isArrayLike(py::handle object);

// The array of an array-like object; the object itself when it is one.
[[nodiscard]] py::array asArray(const py::object& object);

// The array's memory. The element type is kMax where no tensor has it, or where the byte order is foreign. The array
// must outlive the view.
[[nodiscard]] TensorView rawViewOf(const py::array& array);

// Throws Error (kInput) for an array that cannot take an output: read-only, or one place stands for several elements.
void requireTarget(const py::array& array, const std::string& model, const TensorInfo& output);

// The array's memory as a tensor; `role` is "input" or "output". Throws Error (kInput) naming model and tensor for
// element types that no model has and for foreign byte order. The array must outlive the view.
[[nodiscard]] TensorView viewOf(const py::array& array, const std::string& model, const char* role,
                                const TensorInfo& tensor);

// True if two arrays have bytes in common; true also when that is too hard to tell.
[[nodiscard]] bool sharesMemory(const py::object& one, const py::object& other);

// A writeable array on the output's memory, which it keeps.
[[nodiscard]] py::array arrayOf(const DeviceTensor& output);

// "float64", ">f4": how messages name a numpy dtype.
[[nodiscard]] std::string describe(const py::dtype& dtype);

}  // namespace hbm::python
