#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "bindings/arguments/enum_members.hpp"
#include "bindings/bindings.hpp"
#include "bindings/objects/constructor.hpp"
#include "hbm_runtime/error.hpp"
#include "hbm_runtime/model_info.hpp"

namespace hbm::python {
namespace {

template <class T>
py::array_t<T> arrayCopy(const std::vector<T>& values) {
  return py::array_t<T>(static_cast<py::ssize_t>(values.size()), values.data());
}

std::string repr(const QuantInfo& quant) {
  const auto text = [](const py::object& array) { return py::str(array.attr("tolist")()).cast<std::string>(); };
  return "QuantParams(quant_type=" + py::str(enumMember(quant.type)).cast<std::string>() +
         ", scale=" + text(arrayCopy(quant.scales)) + ", zero_point=" + text(arrayCopy(quant.zeroPoints)) +
         ", axis=" + std::to_string(quant.axis) + ")";
}

bool equal(const QuantInfo& a, const QuantInfo& b) {
  return a.type == b.type && a.axis == b.axis && a.scales == b.scales && a.zeroPoints == b.zeroPoints;
}

// The hash of Python's numbers, by which 0.0 and -0.0 are alike as they are in equal().
py::ssize_t hashOf(const QuantInfo& quant) {
  return py::hash(py::make_tuple(static_cast<int>(quant.type), quant.axis, py::tuple(py::cast(quant.scales)),
                                 py::tuple(py::cast(quant.zeroPoints))));
}

// Numbers, one or a 1-D sequence or array of them, in double precision, which holds every float32 and int32.
std::vector<double> numbersOf(const py::object& object, const char* name) {
  if (object.is_none()) {
    return {};
  }
  const py::array array = py::module_::import("numpy").attr("atleast_1d")(object);
  const char kind = array.dtype().kind();
  if (array.size() != 0 && kind != 'f' && kind != 'i' && kind != 'u') {
    throw Error(ErrorKind::kType, std::string("QuantParams: ") + name + " must be a number or a 1-D array of numbers");
  }
  if (array.ndim() != 1) {
    throw Error(ErrorKind::kInput,
                std::string("QuantParams: ") + name + " must have 1 dimension, not " + std::to_string(array.ndim()));
  }
  const py::array_t<double> doubles = array.attr("astype")("float64");
  return {doubles.data(), doubles.data() + doubles.size()};
}

[[noreturn]] void refuseNumber(const char* name, std::size_t index, double number, const char* rule) {
  throw Error(ErrorKind::kInput, std::string("QuantParams: ") + name + "[" + std::to_string(index) + "] is " +
                                     py::repr(py::float_(number)).cast<std::string>() + "; " + rule);
}

QuantInfo makeQuantInfo(const py::object& scale, const py::object& zeroPoint, std::optional<QuantType> type,
                        std::optional<std::int32_t> axis) {
  QuantInfo quant;
  const std::vector<double> scales = numbersOf(scale, "scale");
  for (std::size_t i = 0; i < scales.size(); ++i) {
    if (!(scales[i] >= 0) || scales[i] > static_cast<double>(std::numeric_limits<float>::max())) {
      refuseNumber("scale", i, scales[i], "scales are finite, not negative and fit into float32");
    }
    quant.scales.push_back(static_cast<float>(scales[i]));
  }
  const std::vector<double> zeroPoints = numbersOf(zeroPoint, "zero_point");
  for (std::size_t i = 0; i < zeroPoints.size(); ++i) {
    if (!(std::trunc(zeroPoints[i]) == zeroPoints[i] && zeroPoints[i] >= std::numeric_limits<std::int32_t>::min() &&
          zeroPoints[i] <= std::numeric_limits<std::int32_t>::max())) {
      refuseNumber("zero_point", i, zeroPoints[i], "zero points are integers that fit into int32");
    }
    quant.zeroPoints.push_back(static_cast<std::int32_t>(zeroPoints[i]));
  }
  quant.type = type.value_or(scales.empty() ? QuantType::kNone : QuantType::kScale);
  if (scales.empty() != (quant.type == QuantType::kNone) || (scales.empty() && !zeroPoints.empty())) {
    throw Error(ErrorKind::kInput, "QuantParams: SCALE needs a scale, NONE has neither scales nor zero points");
  }
  const std::size_t count = std::max(scales.size(), zeroPoints.size());
  if ((scales.size() != 1 && scales.size() != count) || (zeroPoints.size() > 1 && zeroPoints.size() != count)) {
    throw Error(ErrorKind::kInput, "QuantParams: expected as many zero points as scales, one, or none; given " +
                                       std::to_string(scales.size()) + " scales and " +
                                       std::to_string(zeroPoints.size()) + " zero points");
  }
  if (count > 1 && !axis) {
    throw Error(ErrorKind::kInput, "QuantParams: " + std::to_string(count) +
                                       " scales or zero points need the axis that they belong to, such as axis=-1");
  }
  quant.axis = axis.value_or(0);
  return quant;
}

constexpr const char* kInitDoc =
    R"(Parameters made by hand, for `dequantize` and `quantize`.

Args:
    scale: One factor, or a 1-D sequence with one for each element of the axis; converted to float32.
    zero_point: One integer, or as many as scales; None for symmetric quantisation.
    quant_type: SCALE or NONE; follows from the scale when it is not given.
    axis: The quantised axis, negative from the last; needed when there are several scales or zero points.

Raises:
    InputError: Numbers out of range, or numbers of them that do not fit together.
    TypeError: Something else than numbers.
)";

}  // namespace

void bindQuantParams(py::module_& module) {
  py::class_<QuantInfo> cls(module, "QuantParams",
                            "How a tensor is quantised: real = (stored - zero_point) * scale. Read-only; it does not "
                            "keep the runtime alive. Comparable, hashable, copyable and picklable.");
  defConstructor(cls, &makeQuantInfo, py::kw_only(), py::arg("scale") = py::none(), py::arg("zero_point") = py::none(),
                 py::arg("quant_type") = py::none(), py::arg("axis") = py::none(), kInitDoc)
      .def_property_readonly(
          "scale", [](const QuantInfo& self) { return arrayCopy(self.scales); },
          "Scale factors, float32, 1-D: one, or one per element of the axis; empty when not quantised. A copy.")
      .def_property_readonly(
          "zero_point", [](const QuantInfo& self) { return arrayCopy(self.zeroPoints); },
          "Zero points, int32, 1-D: as many as scales, or empty for symmetric quantisation. A copy.")
      .def_property_readonly(
          "quant_type", [](const QuantInfo& self) { return Member<QuantType>(enumMember(self.type)); },
          "SCALE, or NONE when the tensor is not quantised.")
      .def_readonly("axis", &QuantInfo::axis, "The quantised axis of per-channel parameters.")
      .def("__eq__",
           [](const QuantInfo& self, const py::object& other) -> py::object {
             if (!py::isinstance<QuantInfo>(other)) {
               return py::reinterpret_borrow<py::object>(Py_NotImplemented);
             }
             return py::bool_(equal(self, other.cast<const QuantInfo&>()));
           })
      .def("__repr__", &repr)
      .def("__copy__", [](const QuantInfo& self) { return self; })
      .def(
          "__deepcopy__", [](const QuantInfo& self, const py::object& /*memo*/) { return self; }, py::arg("memo"))
      .def(py::pickle(
          [](const QuantInfo& self) {
            return py::make_tuple(static_cast<int>(self.type), self.axis, self.scales, self.zeroPoints);
          },
          [](const py::tuple& state) {
            return QuantInfo{static_cast<QuantType>(state[0].cast<int>()), state[1].cast<std::int32_t>(),
                             state[2].cast<std::vector<float>>(), state[3].cast<std::vector<std::int32_t>>()};
          }))
      .def("__hash__", &hashOf);
}

}  // namespace hbm::python
