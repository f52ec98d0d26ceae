#include "bindings/scheduling_arguments.hpp"

#include <pybind11/gil_safe_call_once.h>

#include <limits>

#include "hbm_runtime/error.hpp"

namespace hbm::python {
namespace {

[[noreturn]] void raiseType(const std::string& message) { throw py::type_error(message); }

std::string typeName(py::handle object) { return Py_TYPE(object.ptr())->tp_name; }

// An int, or what stands for one (bool, numpy integers); within the range of Number.
template <class Number>
Number integerOf(py::handle value, const char* keyword, const std::string& model) {
  const auto index = py::reinterpret_steal<py::object>(PyNumber_Index(value.ptr()));
  if (!index) {
    PyErr_Clear();
    raiseType(std::string(keyword) + " of model '" + model + "' must be an int, not " + typeName(value));
  }
  int overflow = 0;
  const long long number = PyLong_AsLongLongAndOverflow(index.ptr(), &overflow);
  const bool fits = overflow == 0 && number >= static_cast<long long>(std::numeric_limits<Number>::min()) &&
                    number <= static_cast<long long>(std::numeric_limits<Number>::max());
  if (!fits) {
    throw Error(ErrorKind::kInput,
                "model '" + model + "': " + keyword + " " + py::str(index).cast<std::string>() + " is out of range",
                {"", 0, "", model, ""});
  }
  return static_cast<Number>(number);
}

std::vector<std::int32_t> coresOf(py::handle value, const std::string& model) {
  if (PyUnicode_Check(value.ptr()) || PyBytes_Check(value.ptr()) || isMapping(value) ||
      !py::isinstance<py::iterable>(value)) {
    raiseType("bpu_cores of model '" + model + "' must be a list of int, not " + typeName(value));
  }
  std::vector<std::int32_t> cores;
  for (const py::handle core : py::reinterpret_borrow<py::iterable>(value)) {
    cores.push_back(integerOf<std::int32_t>(core, "bpu_cores", model));
  }
  return cores;
}

}  // namespace

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

py::object itemsOf(py::handle object, const char* what) {
  if (!isMapping(object)) {
    raiseType(std::string(what) + " must be a mapping by model name, not " + typeName(object));
  }
  return object.attr("items")();
}

std::string textOf(py::handle object, const char* what) {
  if (PyUnicode_Check(object.ptr()) || PyBytes_Check(object.ptr())) {
    return object.cast<std::string>();
  }
  raiseType(std::string(what) + " must be a str, not " + typeName(object));
}

std::vector<std::pair<std::size_t, SchedOverrides>> parseScheduling(const Runtime& runtime,
                                                                    const SchedulingArguments& arguments) {
  std::vector<SchedOverrides> all(runtime.modelCount());
  const auto each = [&](const py::object& mapping, const char* keyword, const auto& set) {
    if (mapping.is_none()) {
      return;
    }
    for (const py::handle item : itemsOf(mapping, keyword)) {
      const auto pair = py::reinterpret_borrow<py::tuple>(item);
      const std::string model = textOf(pair[0], "a model name");
      set(all[runtime.modelIndex(model)], pair[1], model);
    }
  };
  each(arguments.priority, "priority", [](SchedOverrides& to, py::handle value, const std::string& model) {
    to.priority = integerOf<std::int32_t>(value, "priority", model);
  });
  each(arguments.bpuCores, "bpu_cores",
       [](SchedOverrides& to, py::handle value, const std::string& model) { to.bpuCores = coresOf(value, model); });
  each(arguments.customId, "custom_id", [](SchedOverrides& to, py::handle value, const std::string& model) {
    to.customId = integerOf<std::int64_t>(value, "custom_id", model);
  });
  each(arguments.deviceId, "device_id", [](SchedOverrides& to, py::handle value, const std::string& model) {
    to.deviceId = integerOf<std::uint32_t>(value, "device_id", model);
  });
  std::vector<std::pair<std::size_t, SchedOverrides>> changes;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i].any()) {
      changes.emplace_back(i, std::move(all[i]));
    }
  }
  return changes;
}

}  // namespace hbm::python
