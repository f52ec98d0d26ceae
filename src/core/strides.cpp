#include "core/strides.hpp"

namespace hbm {

bool fillStrides(hbDNNTensorProperties& properties, std::int64_t alignment) {
  const std::int32_t rank = properties.validShape.numDimensions;
  if (rank > 0 && properties.stride[rank - 1] < 0) {
    return false;
  }
  for (std::int32_t i = rank - 2; i >= 0; --i) {
    if (properties.stride[i] >= 0) {
      continue;
    }
    std::int64_t bytes = 0;
    if (__builtin_mul_overflow(properties.stride[i + 1],
                               static_cast<std::int64_t>(properties.validShape.dimensionSize[i + 1]), &bytes) ||
        __builtin_add_overflow(bytes, alignment - 1, &bytes)) {
      return false;
    }
    properties.stride[i] = bytes / alignment * alignment;
  }
  return true;
}

std::int64_t byteSize(const hbDNNTensorProperties& properties) {
  if (properties.alignedByteSize >= 0) {
    return properties.alignedByteSize;
  }
  const std::int32_t rank = properties.validShape.numDimensions;
  if (rank == 0) {
    return 8;  // one element of any type
  }
  std::int64_t bytes = 0;
  if (__builtin_mul_overflow(properties.stride[0], static_cast<std::int64_t>(properties.validShape.dimensionSize[0]),
                             &bytes)) {
    return -1;
  }
  return bytes;
}

}  // namespace hbm
