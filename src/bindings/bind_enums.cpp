#include "bindings/arguments/enum_members.hpp"
#include "bindings/bindings.hpp"
#include "hbm_runtime/types.hpp"

namespace hbm::python {
namespace {

py::object unknownMember(const char* enumName, std::int32_t value) {
  const py::object kind = py::module_::import("hbm_runtime._core").attr(enumName);
  return py::module_::import("hbm_runtime._enums").attr("unknown_member")(kind, value);
}

}  // namespace

py::object enumMember(DataType type) {
  return type >= DataType::kS4 && type <= DataType::kMax
             ? py::cast(type)
             : unknownMember("hbDNNDataType", static_cast<std::int32_t>(type));
}

py::object enumMember(QuantType type) {
  return type == QuantType::kNone || type == QuantType::kScale
             ? py::cast(type)
             : unknownMember("hbDNNQuantiType", static_cast<std::int32_t>(type));
}

void bindEnums(py::module_& module) {
  py::native_enum<DataType>(module, "hbDNNDataType", "hbm_runtime._enums.ElementTypeEnum", "Element type of a tensor.")
#define HBM_ELEMENT_TYPE(name, enumerator, bytes, numpy, npy, onnx, engine) .value(#name, DataType::enumerator)
#include "types.inc"
      .value("MAX", DataType::kMax)
      .finalize();
  py::native_enum<QuantType>(module, "hbDNNQuantiType", "hbm_runtime._enums.VendorEnum", "How a tensor is quantised.")
      .value("NONE", QuantType::kNone)
      .value("SCALE", QuantType::kScale)
      .finalize();
  module.def(
      "_numpy_names",
      [] {
        py::typing::Dict<py::str, py::str> names;
        for (std::int32_t type = 0; type < static_cast<std::int32_t>(DataType::kMax); ++type) {
          const char* const numpy = numpyName(static_cast<DataType>(type));
          if (*numpy != '\0') {
            names[dataTypeName(static_cast<DataType>(type))] = numpy;
          }
        }
        return names;
      },
      "numpy's names of the element types that it has, by name.");
}

}  // namespace hbm::python
