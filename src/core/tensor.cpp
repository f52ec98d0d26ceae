#include "hbm_runtime/tensor.hpp"

#include <algorithm>

#include "core/memory_pool.hpp"

namespace hbm {

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
