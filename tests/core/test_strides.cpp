// Strides and sizes of tensors in device memory.
#include <algorithm>
#include <limits>
#include <vector>

#include "core/model/strides.hpp"
#include "support/check.hpp"

namespace {

using Sizes = std::vector<std::int64_t>;

hbDNNTensorProperties make(std::int32_t type, const Sizes& shape, const Sizes& strides, std::int64_t alignedSize = -1) {
  hbDNNTensorProperties properties{};
  properties.tensorType = type;
  properties.validShape.numDimensions = static_cast<std::int32_t>(shape.size());
  for (std::size_t i = 0; i < shape.size(); ++i) {
    properties.validShape.dimensionSize[i] = static_cast<std::int32_t>(shape[i]);
    properties.stride[i] = strides[i];
  }
  properties.alignedByteSize = alignedSize;
  return properties;
}

constexpr std::int64_t kHuge = std::numeric_limits<std::int64_t>::max() / 2;
constexpr std::int32_t kU8 = HB_DNN_TENSOR_TYPE_U8;
constexpr std::int32_t kF32 = HB_DNN_TENSOR_TYPE_F32;

}  // namespace

TEST(dynamic_strides_are_filled_from_inside_each_rounded_up) {
  const struct {
    Sizes shape;
    Sizes strides;
    std::int64_t alignment;
    Sizes filled;
  } cases[] = {
      {{1, 224, 224, 1}, {-1, -1, 1, 1}, 64, {57344, 256, 1, 1}},
      {{1, 224, 224, 1}, {-1, -1, 1, 1}, 32, {50176, 224, 1, 1}},
      {{1, 112, 112, 2}, {-1, -1, 2, 1}, 64, {28672, 256, 2, 1}},
      {{1, 3, 5, 1}, {-1, -1, 1, 1}, 64, {192, 64, 1, 1}},
      {{2, 3}, {-1, 4}, 64, {64, 4}},
      {{2, 3}, {100, 4}, 64, {100, 4}},
      {{4, 2, 3}, {-1, 100, 4}, 64, {256, 100, 4}},
      {{5, 0, 3}, {-1, -1, 1}, 64, {64, 64, 1}},
      {{}, {}, 64, {}},
  };
  for (const auto& each : cases) {
    hbDNNTensorProperties properties = make(kU8, each.shape, each.strides);
    CHECK(hbm::fillStrides(properties, each.alignment));
    CHECK(std::equal(each.filled.begin(), each.filled.end(), properties.stride));
  }
}

TEST(strides_that_cannot_be_filled_are_refused) {
  hbDNNTensorProperties innermost = make(kU8, {2, 2}, {4, -1});
  CHECK(!hbm::fillStrides(innermost, 64));
  hbDNNTensorProperties overflow = make(kU8, {2, 2147483647, 1}, {-1, kHuge, 1});
  CHECK(!hbm::fillStrides(overflow, 64));
}

TEST(sizes_follow_the_driver_where_it_gives_them_and_the_strides_where_it_does_not) {
  const struct {
    hbDNNTensorProperties properties;
    std::int64_t bytes;
    std::int64_t extent;
  } cases[] = {
      {make(kF32, {1, 1000}, {4000, 4}, 4096), 4096, 4000},  // larger than needed
      {make(kF32, {1, 1000}, {4000, 4}, 4000), 4000, 4000},
      {make(kF32, {1, 1000}, {4000, 4}, 1), 4000, 4000},  // never less than the tensor
      {make(kU8, {2, 3}, {64, 1}, 67), 67, 67},           // the last row's padding may be left out
      {make(kU8, {2, 3}, {64, 1}), 128, 67},
      {make(kF32, {}, {}), 4, 4},
      {make(kF32, {}, {}, 64), 64, 4},
      {make(kU8, {0, 3}, {64, 1}), 0, 0},
      {make(kU8, {-1, 3}, {64, 1}, 640), 640, -1},  // an upper bound
      {make(kU8, {-1, 3}, {64, 1}), -1, -1},
      {make(kU8, {2, 3}, {-1, 1}), -1, -1},
      {make(kU8, {2147483647, 2}, {kHuge, 1}), -1, -1},
  };
  for (const auto& each : cases) {
    CHECK_EQ(hbm::byteSize(each.properties), each.bytes);
    CHECK_EQ(hbm::extent(each.properties), each.extent);
  }
}

TEST(overlapping_rows_are_found) {
  const struct {
    hbDNNTensorProperties properties;
    bool apart;
  } cases[] = {
      {make(kU8, {2, 3}, {3, 1}), true},
      {make(kU8, {2, 3}, {2, 1}), false},
      {make(kF32, {2, 3}, {12, 2}), false},
      {make(kU8, {1, 3}, {0, 1}), true},  // one row: its stride does not matter
      {make(kU8, {2, 3, 1}, {3, 1, 7}), true},
      {make(kU8, {-1, 3}, {1, 1}), true},  // not known yet
      {make(kU8, {2, -1}, {8, 1}), true},
      {make(kF32, {3, 0}, {0, 4}), true},
      {make(kU8, {2, 3, 4}, {12, -1, 1}), true},
      {make(kU8, {2, 3, 4}, {11, -1, 1}), false},  // whatever is filled in
      {make(kU8, {2, -1, 4}, {3, -1, 1}), false},
      {make(kU8, {2, 4}, {-1, 0}), false},
      {make(kU8, {2147483647, 2}, {kHuge, 1}), false},
  };
  for (const auto& each : cases) {
    CHECK_EQ(hbm::rowsDoNotOverlap(each.properties), each.apart);
  }
}
