#include "bindings/bindings.hpp"
#include "hbm_runtime/model_info.hpp"

namespace hbm::python {
namespace {

template <class T>
py::array_t<T> arrayCopy(const std::vector<T>& values) {
  return py::array_t<T>(static_cast<py::ssize_t>(values.size()), values.data());
}

std::string repr(const QuantInfo& quant) {
  const auto text = [](const py::object& array) { return py::str(array.attr("tolist")()).cast<std::string>(); };
  return "QuantParams(quant_type=" + py::str(py::cast(quant.type)).cast<std::string>() +
         ", scale=" + text(arrayCopy(quant.scales)) + ", zero_point=" + text(arrayCopy(quant.zeroPoints)) +
         ", axis=" + std::to_string(quant.axis) + ")";
}

bool equal(const QuantInfo& a, const QuantInfo& b) {
  return a.type == b.type && a.axis == b.axis && a.scales == b.scales && a.zeroPoints == b.zeroPoints;
}

}  // namespace

void bindQuantParams(py::module_& module) {
  py::class_<QuantInfo>(
      module, "QuantParams",
      "How a tensor is quantised: real = (stored - zero_point) * scale. Read-only; it does not keep the "
      "runtime alive. Comparable, copyable and picklable.")
      .def_property_readonly(
          "scale", [](const QuantInfo& self) { return arrayCopy(self.scales); },
          "Scale factors, float32, 1-D: one, or one per element of the axis; empty when not quantised. A copy.")
      .def_property_readonly(
          "zero_point", [](const QuantInfo& self) { return arrayCopy(self.zeroPoints); },
          "Zero points, int32, 1-D: as many as scales, or empty for symmetric quantisation. A copy.")
      .def_readonly("quant_type", &QuantInfo::type, "SCALE, or NONE when the tensor is not quantised.")
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
      .attr("__hash__") = py::none();
}

}  // namespace hbm::python
