// Methods that are written once: signature, types and docstring in Python, the work in C++.
#pragma once

#include <string>
#include <vector>

#include "bindings/bindings.hpp"

namespace hbm::python {

// The arguments of one call, borrowed, in the order of the Python function's parameters behind `self`; null where none
// was given.
using Arguments = PyObject* const*;

// The work of a method. May throw what any bound function may.
struct NativeBody {
  std::vector<std::string> parameters;  // of the Python function, in order; a difference is an error at import
  py::object (*call)(py::handle self, Arguments arguments);
};

// Gives a body to `native_method(function)` for functions of that name.
void addNativeBody(const std::string& name, NativeBody body);

// An argument as an object; None where none was given.
[[nodiscard]] inline py::object orNone(PyObject* argument) {
  return py::reinterpret_borrow<py::object>(argument != nullptr ? argument : Py_None);
}

void bindNativeMethods(py::module_& module);

}  // namespace hbm::python
