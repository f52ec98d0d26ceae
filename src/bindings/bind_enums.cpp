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
      .value("S4", DataType::kS4)
      .value("U4", DataType::kU4)
      .value("S8", DataType::kS8)
      .value("U8", DataType::kU8)
      .value("F16", DataType::kF16)
      .value("S16", DataType::kS16)
      .value("U16", DataType::kU16)
      .value("F32", DataType::kF32)
      .value("S32", DataType::kS32)
      .value("U32", DataType::kU32)
      .value("F64", DataType::kF64)
      .value("S64", DataType::kS64)
      .value("U64", DataType::kU64)
      .value("BOOL8", DataType::kBool8)
      .value("MAX", DataType::kMax)
      .finalize();
  py::native_enum<QuantType>(module, "hbDNNQuantiType", "hbm_runtime._enums.VendorEnum", "How a tensor is quantised.")
      .value("NONE", QuantType::kNone)
      .value("SCALE", QuantType::kScale)
      .finalize();
}

}  // namespace hbm::python
