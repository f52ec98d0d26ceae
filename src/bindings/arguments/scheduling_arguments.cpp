#include "bindings/arguments/scheduling_arguments.hpp"

#include <limits>

#include "bindings/arguments/mappings.hpp"
#include "hbm_runtime/error.hpp"

namespace hbm::python {
namespace {

[[noreturn]] void raiseType(const std::string& message) { throw py::type_error(message); }

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

std::vector<std::pair<std::size_t, SchedOverrides>> parseScheduling(const Runtime& runtime,
                                                                    const SchedulingArguments& arguments) {
  std::vector<SchedOverrides> all(runtime.modelCount());
  const auto each = [&](const py::object& mapping, const char* keyword, const auto& set) {
    if (mapping.is_none()) {
      return;
    }
    if (!isMapping(mapping)) {
      raiseType(std::string(keyword) + " must be a mapping by model name, not " + typeName(mapping));
    }
    forEachItem(mapping, [&](const py::object& key, const py::object& value) {
      const std::string model = textOf(key, "a model name");
      set(all[runtime.modelIndex(model)], value, model);
    });
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
