#include "hbm_runtime/tensor.hpp"

#include <algorithm>

#include "core/memory/memory_pool.hpp"
#include "hbm_runtime/error.hpp"

namespace hbm {

TensorView denseView(const void* data, DataType dtype, const std::vector<std::int64_t>& shape) {
  auto step = static_cast<std::int64_t>(elementSize(dtype));
  if (step == 0) {
    throw Error(ErrorKind::kInput,
                std::string("elements of type ") + dataTypeName(dtype) + " have no whole number of bytes");
  }
  TensorView view;
  if (shape.size() > view.shape.size()) {
    throw Error(ErrorKind::kInput, "a tensor has at most " + std::to_string(kMaxDimensions) + " dimensions, given " +
                                       std::to_string(shape.size()));
  }
  view.data = data;
  view.dtype = dtype;
  view.rank = static_cast<std::int32_t>(shape.size());
  for (std::size_t axis = shape.size(); axis-- > 0;) {
    if (shape[axis] < 0) {
      throw Error(ErrorKind::kInput, "dimension " + std::to_string(axis) + " of an array is " +
                                         std::to_string(shape[axis]) + "; sizes are not negative");
    }
    view.shape[axis] = shape[axis];
    view.strides[axis] = step;
    if (__builtin_mul_overflow(step, shape[axis], &step)) {
      throw Error(ErrorKind::kInput, "an array of this shape has more bytes than can be addressed");
    }
  }
  return view;
}

TensorView viewOf(const DeviceTensor& tensor) {
  TensorView view;
  view.data = tensor.data;
  view.dtype = tensor.dtype;
  view.rank = static_cast<std::int32_t>(tensor.shape.size());
  std::copy(tensor.shape.begin(), tensor.shape.end(), view.shape.begin());
  std::copy(tensor.strides.begin(), tensor.strides.end(), view.strides.begin());
  return view;
}

bool isDeviceMemory(const void* address) { return findDeviceBlock(address) != nullptr; }

}  // namespace hbm
