#include "core/model/strides.hpp"

#include <algorithm>

#include "hbm_runtime/types.hpp"
#include "strided.hpp"

namespace hbm {

std::string describeShape(const std::int64_t* shape, std::size_t rank) {
  std::string text = "[";
  for (std::size_t i = 0; i < rank; ++i) {
    text += (i == 0 ? "" : ", ") + std::to_string(shape[i]);
  }
  return text + "]";
}

bool fillStrides(hbDNNTensorProperties& properties, std::int64_t alignment) {
  const std::int32_t rank = properties.validShape.numDimensions;
  if (rank > 0 && properties.stride[rank - 1] < 0) {
    return false;
  }
  return strided::fillOpen(properties.validShape.dimensionSize, properties.stride, rank,
                           static_cast<std::int64_t>(elementSize(static_cast<DataType>(properties.tensorType))),
                           alignment);
}

std::int64_t byteSize(const hbDNNTensorProperties& properties) {
  const std::int64_t used = extent(properties);
  if (properties.alignedByteSize >= 0) {
    return std::max(properties.alignedByteSize, used);
  }
  const std::int32_t rank = properties.validShape.numDimensions;
  std::int64_t bytes = 0;
  if (used < 0 ||
      (rank > 0 && __builtin_mul_overflow(properties.stride[0],
                                          static_cast<std::int64_t>(properties.validShape.dimensionSize[0]), &bytes))) {
    return -1;
  }
  return std::max(bytes, used);
}

std::int64_t extent(const hbDNNTensorProperties& properties) {
  const std::int32_t rank = properties.validShape.numDimensions;
  if (std::any_of(properties.stride, properties.stride + rank, [](std::int64_t stride) { return stride < 0; })) {
    return -1;
  }
  const auto bounds =
      strided::boundsOf(properties.validShape.dimensionSize, properties.stride, rank,
                        static_cast<std::int64_t>(elementSize(static_cast<DataType>(properties.tensorType))));
  return bounds ? bounds->second : -1;
}

bool rowsDoNotOverlap(const hbDNNTensorProperties& properties) {
  auto inner = static_cast<std::int64_t>(elementSize(static_cast<DataType>(properties.tensorType)));
  const std::int32_t* const sizes = properties.validShape.dimensionSize;
  if (std::count(sizes, sizes + properties.validShape.numDimensions, 0) != 0) {
    return true;  // nothing is there
  }
  for (std::int32_t i = properties.validShape.numDimensions - 1; i >= 0; --i) {
    // What depends on the call counts with the least that it can be.
    const std::int64_t size = std::max(properties.validShape.dimensionSize[i], 1);
    const std::int64_t stride = properties.stride[i] < 0 ? inner : properties.stride[i];
    std::int64_t steps = 0;
    if (size > 1 && (stride < inner || __builtin_mul_overflow(stride, size - 1, &steps) ||
                     __builtin_add_overflow(inner, steps, &inner))) {
      return false;
    }
  }
  return true;
}

}  // namespace hbm
