// Mappings and names that callers pass, and texts that they get.
#pragma once

#include <string>
#include <utility>

#include "bindings/bindings.hpp"

namespace hbm::python {

// Name of an object's type, for messages.
[[nodiscard]] std::string typeName(py::handle object);

[[nodiscard]] bool isMapping(py::handle object);

// The name that a str or bytes is. Raises TypeError for other types.
[[nodiscard]] std::string textOf(py::handle object, const char* what);

// A name as a str that textOf() turns back: like paths of files, names need not be UTF-8.
[[nodiscard]] py::str nameStr(const std::string& name);

// Text for people as a str; bytes that are no UTF-8 are written with backslashes.
[[nodiscard]] py::str proseStr(const std::string& text);

// The two elements of what `items()` gave. Raises TypeError when it is no pair.
[[nodiscard]] std::pair<py::object, py::object> pairOf(py::handle item);

// Calls `visit(key, value)` for the items of a mapping in its order. A dict is read without a list of its items being
// built; it may change meanwhile, because what is visited may be Python code.
template <class Visit>
void forEachItem(const py::object& mapping, const Visit& visit) {
  if (PyDict_CheckExact(mapping.ptr())) {
#ifdef Py_GIL_DISABLED
    const auto items = py::reinterpret_steal<py::dict>(PyDict_Copy(mapping.ptr()));
    if (!items) {
      throw py::error_already_set();
    }
#else
    const auto items = py::reinterpret_borrow<py::dict>(mapping);
#endif
    for (const auto& [key, value] : items) {
      visit(py::reinterpret_borrow<py::object>(key), py::reinterpret_borrow<py::object>(value));
    }
    return;
  }
  const py::object items = mapping.attr("items")();
  for (const py::handle item : items) {
    const auto [key, value] = pairOf(item);
    visit(key, value);
  }
}

}  // namespace hbm::python
