// dequantize() and quantize(); the package's quant.py makes QuantParams of what users pass.
#include "bindings/arguments/numpy_interop.hpp"
#include "bindings/bindings.hpp"
#include "bindings/interpreter/gil.hpp"
#include "core/request/call_check.hpp"
#include "hbm_runtime/error.hpp"
#include "hbm_runtime/quantization.hpp"

namespace hbm::python {
namespace {

[[noreturn]] void refuse(const std::string& function, ErrorKind kind, const std::string& text) {
  throw Error(kind, function + "(): " + text);
}

py::array arrayArgument(const std::string& function, const py::object& object) {
  if (!isArrayLike(object)) {
    refuse(function, ErrorKind::kType,
           std::string("expected a numpy array, not ") + Py_TYPE(object.ptr())->tp_name +
               " (convert lists and scalars with numpy.asarray)");
  }
  return asArray(object);
}

// The memory of an array; refuses what numpy has and tensors have not.
TensorView checkedView(const std::string& function, const py::array& array) {
  const TensorView view = rawViewOf(array);
  if (view.rank > kMaxDimensions) {
    refuse(function, ErrorKind::kInput,
           "the array has " + std::to_string(view.rank) + " dimensions; tensors have at most " +
               std::to_string(kMaxDimensions));
  }
  if (view.dtype == DataType::kMax) {
    refuse(function, ErrorKind::kInput,
           "no tensor has dtype " + describe(array.dtype()) +
               (array.dtype().byteorder() == '>' ? "; use array.astype(array.dtype.newbyteorder('='))" : ""));
  }
  return view;
}

py::array resultArray(const std::string& function, const py::array& array, const py::dtype& dtype,
                      const py::object& out) {
  if (out.is_none()) {
    return {dtype, std::vector<py::ssize_t>(array.shape(), array.shape() + array.ndim())};
  }
  if (!py::isinstance<py::array>(out)) {
    refuse(function, ErrorKind::kType, std::string("out must be a numpy array, not ") + Py_TYPE(out.ptr())->tp_name);
  }
  auto result = py::reinterpret_borrow<py::array>(out);
  if (!result.dtype().equal(dtype)) {
    refuse(function, ErrorKind::kInput, "out must have dtype " + describe(dtype) + ", not " + describe(result.dtype()));
  }
  if (!result.writeable()) {
    refuse(function, ErrorKind::kInput, "out is read-only");
  }
  return result;
}

using Convert = void (*)(const TensorView&, const QuantInfo&, const TensorView&);

py::array convert(const std::string& function, Convert work, const py::object& object, const QuantInfo& quant,
                  const py::dtype& dtype, const py::object& out) {
  py::array array = arrayArgument(function, object);
  py::array result = resultArray(function, array, dtype, out);
  if (!out.is_none() && py::module_::import("numpy").attr("may_share_memory")(array, result).cast<bool>()) {
    array = array.attr("copy")();
  }
  const TensorView from = checkedView(function, array);
  const TensorView to = checkedView(function, result);
  withoutGil([&] { work(from, quant, to); });
  return result;
}

}  // namespace

void bindQuantization(py::module_& module) {
  module.def(
      "dequantize",
      [](const py::object& array, const QuantInfo& quant, const py::object& out) {
        return convert("dequantize", &dequantize, array, quant, py::dtype("float32"), out);
      },
      py::arg("array"), py::arg("quant"), py::kw_only(), py::arg("out") = py::none());
  module.def(
      "quantize",
      [](const py::object& array, const QuantInfo& quant, const py::dtype& dtype, const py::object& out) {
        try {
          return convert("quantize", &quantize, array, quant, dtype, out);
        } catch (const Error& error) {
          if (error.kind() != ErrorKind::kInput || asArray(array).dtype().kind() == 'f') {
            throw;
          }
          throw Error(error.kind(), std::string(error.what()) + "; convert it with array.astype(numpy.float32)",
                      error.context());
        }
      },
      py::arg("array"), py::arg("quant"), py::arg("dtype"), py::kw_only(), py::arg("out") = py::none());
}

}  // namespace hbm::python
