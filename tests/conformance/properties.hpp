// Expected properties of tensors, written as tables.
#pragma once

#include "dnn_support.hpp"

namespace dnn {

struct Expected {
  const char* file;
  std::int32_t index;
  std::int32_t type;
  std::vector<std::int32_t> shape;
  std::vector<std::int64_t> strides;
  std::int64_t size;
};

inline void checkProperties(const Expected& expected, const hbDNNTensorProperties& got) {
  const std::string where = std::string(expected.file) + " " + std::to_string(expected.index);
  const auto same = [&](auto a, auto b, const char* what) {
    check::holds(a == b, (where + ": " + what).c_str(), __FILE__, __LINE__);
  };
  same(got.tensorType, expected.type, "type");
  same(got.alignedByteSize, expected.size, "size");
  same(static_cast<std::size_t>(got.validShape.numDimensions), expected.shape.size(), "rank");
  for (std::size_t i = 0; i < expected.shape.size(); ++i) {
    same(got.validShape.dimensionSize[i], expected.shape[i], "dimension");
    same(got.stride[i], expected.strides[i], "stride");
  }
}

}  // namespace dnn
