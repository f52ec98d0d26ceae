#include "bindings/arguments/numpy_interop.hpp"

#include <pybind11/gil_safe_call_once.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>
#include <utility>
#include <vector>

#include "core/model/messages.hpp"
#include "hbm_runtime/error.hpp"

namespace hbm::python {
namespace {

// By numpy's type number, which distinguishes bool, int8 ... float64 whatever the platform calls them (LP64).
DataType dataTypeOf(int number) {
  switch (number) {
    case 0:
      return DataType::kBool8;
    case 1:
      return DataType::kS8;
    case 2:
      return DataType::kU8;
    case 3:
      return DataType::kS16;
    case 4:
      return DataType::kU16;
    case 5:
      return DataType::kS32;
    case 6:
      return DataType::kU32;
    case 7:  // long
    case 9:  // long long
      return DataType::kS64;
    case 8:
    case 10:
      return DataType::kU64;
    case 11:
      return DataType::kF32;
    case 12:
      return DataType::kF64;
    case 23:
      return DataType::kF16;
    default:
      return DataType::kMax;
  }
}

constexpr std::size_t kTypeCount = static_cast<std::size_t>(DataType::kMax);

const std::array<py::object, kTypeCount>& dtypes() {
  PYBIND11_CONSTINIT static py::gil_safe_call_once_and_store<std::array<py::object, kTypeCount>> storage;
  return storage
      .call_once_and_store_result([] {
        std::array<py::object, kTypeCount> all;
        for (std::size_t i = 0; i < kTypeCount; ++i) {
          const std::string name = numpyName(static_cast<DataType>(i));
          all[i] = name.empty() ? py::object(py::none()) : py::object(py::dtype(name));
        }
        return all;
      })
      .get_stored();
}

const py::module_& numpy() {
  PYBIND11_CONSTINIT static py::gil_safe_call_once_and_store<py::module_> storage;
  return storage.call_once_and_store_result([] { return py::module_::import("numpy"); }).get_stored();
}

[[noreturn]] void refuse(const std::string& model, const char* role, const TensorInfo& tensor,
                         const std::string& text) {
  throw Error(ErrorKind::kInput, "model '" + model + "', " + role + " '" + tensor.name + "': " + text,
              {"", 0, "", model, tensor.name});
}

}  // namespace

bool isArrayLike(py::handle object) {
  if (py::isinstance<py::array>(object)) {
    return true;
  }
  if (PyUnicode_Check(object.ptr()) || py::isinstance(object, numpy().attr("generic"))) {
    return false;
  }
  return PyObject_CheckBuffer(object.ptr()) != 0 || py::hasattr(object, "__array__") ||
         py::hasattr(object, "__dlpack__");
}

py::array asArray(const py::object& object) {
  if (py::isinstance<py::array>(object)) {
    return py::reinterpret_borrow<py::array>(object);
  }
  if (py::hasattr(object, "__array__")) {
    return numpy().attr("asarray")(object).cast<py::array>();
  }
  if (PyObject_CheckBuffer(object.ptr()) != 0) {
    return numpy().attr("asarray")(py::memoryview(object)).cast<py::array>();
  }
  return numpy().attr("from_dlpack")(object).cast<py::array>();
}

std::string describe(const py::dtype& dtype) { return py::str(dtype).cast<std::string>(); }

TensorView rawViewOf(const py::array& array) {
  TensorView view;
  const py::dtype dtype = array.dtype();
  view.dtype = dtype.byteorder() == '>' ? DataType::kMax : dataTypeOf(dtype.num());
  view.data = array.data();
  view.rank = static_cast<std::int32_t>(array.ndim());
  const auto known = std::min<std::size_t>(static_cast<std::size_t>(view.rank), view.shape.size());
  for (std::size_t i = 0; i < known; ++i) {
    view.shape[i] = array.shape(static_cast<py::ssize_t>(i));
    view.strides[i] = array.strides(static_cast<py::ssize_t>(i));
  }
  return view;
}

TensorView viewOf(const py::array& array, const std::string& model, const char* role, const TensorInfo& tensor) {
  TensorView view = rawViewOf(array);
  if (view.dtype == DataType::kMax && elementSize(tensor.dtype) != 0) {
    const py::dtype dtype = array.dtype();
    if (dtype.byteorder() == '>') {
      refuse(model, role, tensor,
             "the array has foreign (big-endian) byte order, dtype " + describe(dtype) +
                 "; convert it with array.astype(array.dtype.newbyteorder('='))");
    }
    refuse(model, role, tensor, wrongType(tensor.dtype, describe(dtype)));
  }
  return view;
}

void requireTarget(const py::array& array, const std::string& model, const TensorInfo& output) {
  if (!array.writeable()) {
    refuse(model, "output", output, "the array is read-only");
  }
  if (array.size() == 0) {
    return;  // it has no elements, whatever its strides say
  }
  std::vector<std::pair<py::ssize_t, py::ssize_t>> steps;  // stride and size, innermost first
  for (py::ssize_t i = 0; i < array.ndim(); ++i) {
    if (array.shape(i) > 1) {
      steps.emplace_back(std::abs(array.strides(i)), array.shape(i));
    }
  }
  std::sort(steps.begin(), steps.end());
  py::ssize_t reach = array.itemsize();
  for (const auto& [stride, size] : steps) {
    if (stride < reach) {
      refuse(model, "output", output, "elements of the array share memory with each other; pass a plain array");
    }
    reach += stride * (size - 1);
  }
}

bool sharesMemory(const py::object& one, const py::object& other) {
  constexpr int kMaxWork = 100'000;
  try {
    return numpy().attr("shares_memory")(one, other, kMaxWork).cast<bool>();
  } catch (const py::error_already_set& error) {
    if (!error.matches(PyExc_RuntimeError)) {  // numpy.exceptions.TooHardError is one
      throw;
    }
    return true;
  }
}

py::array arrayOf(const DeviceTensor& output) {
  using Owner = std::shared_ptr<void>;
  auto owner = std::make_unique<Owner>(output.owner);
  const py::capsule base(owner.get(),
                         [](void* pointer) { const std::unique_ptr<Owner> last(static_cast<Owner*>(pointer)); });
  static_cast<void>(owner.release());  // the capsule's now
  const auto dtype = py::reinterpret_borrow<py::dtype>(dtypes().at(static_cast<std::size_t>(output.dtype)));
  return {dtype, output.shape, output.strides, output.data, base};
}

}  // namespace hbm::python
