#include "bindings/arguments/mappings.hpp"

#include <pybind11/gil_safe_call_once.h>

namespace hbm::python {
namespace {

py::str decoded(const std::string& text, const char* errors) {
  auto result =
      py::reinterpret_steal<py::str>(PyUnicode_DecodeUTF8(text.data(), static_cast<py::ssize_t>(text.size()), errors));
  if (!result) {
    throw py::error_already_set();
  }
  return result;
}

}  // namespace

std::string typeName(py::handle object) { return Py_TYPE(object.ptr())->tp_name; }

bool isMapping(py::handle object) {
  if (PyDict_Check(object.ptr())) {
    return true;
  }
  PYBIND11_CONSTINIT static py::gil_safe_call_once_and_store<py::object> storage;
  const py::object& mapping =
      storage.call_once_and_store_result([] { return py::module_::import("collections.abc").attr("Mapping"); })
          .get_stored();
  return py::isinstance(object, mapping);
}

std::string textOf(py::handle object, const char* what) {
  if (PyBytes_Check(object.ptr())) {
    return object.cast<std::string>();
  }
  if (!PyUnicode_Check(object.ptr())) {
    throw py::type_error(std::string(what) + " must be a str, not " + typeName(object));
  }
  Py_ssize_t size = 0;
  if (const char* text = PyUnicode_AsUTF8AndSize(object.ptr(), &size)) {
    return {text, static_cast<std::size_t>(size)};
  }
  for (const char* errors : {"surrogateescape", "backslashreplace"}) {
    PyErr_Clear();
    if (const auto bytes = py::reinterpret_steal<py::bytes>(PyUnicode_AsEncodedString(object.ptr(), "utf-8", errors))) {
      return std::string(bytes);
    }
  }
  throw py::error_already_set();
}

py::str nameStr(const std::string& name) { return decoded(name, "surrogateescape"); }

py::str proseStr(const std::string& text) { return decoded(text, "backslashreplace"); }

std::pair<py::object, py::object> pairOf(py::handle item) {
  if (!PyTuple_Check(item.ptr()) || PyTuple_GET_SIZE(item.ptr()) != 2) {
    throw py::type_error("items() of a mapping must give pairs of key and value, not " + typeName(item));
  }
  const auto pair = py::reinterpret_borrow<py::tuple>(item);
  return {pair[0], pair[1]};
}

}  // namespace hbm::python
