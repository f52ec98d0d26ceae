// Copies between dense and strided memory, against a walk over all indices.
#include <algorithm>
#include <cstring>
#include <limits>
#include <vector>

#include "dnn/base/tensor_layout.hpp"
#include "support/check.hpp"

using bpusim::Layout;

namespace {

Layout layoutOf(std::int64_t element, const std::vector<std::int64_t>& shape,
                const std::vector<std::int64_t>& strides) {
  Layout layout;
  layout.rank = static_cast<std::int32_t>(shape.size());
  layout.elementSize = element;
  std::copy(shape.begin(), shape.end(), layout.shape);
  std::copy(strides.begin(), strides.end(), layout.strides);
  return layout;
}

// Offsets of all elements in order.
std::vector<std::int64_t> offsetsOf(const Layout& layout) {
  std::vector<std::int64_t> offsets = {0};
  for (std::int32_t i = 0; i < layout.rank; ++i) {
    std::vector<std::int64_t> next;
    for (const std::int64_t offset : offsets) {
      for (std::int64_t k = 0; k < layout.shape[i]; ++k) {
        next.push_back(offset + k * layout.strides[i]);
      }
    }
    offsets = next;
  }
  return offsets;
}

const std::vector<Layout>& layouts() {
  static const std::vector<Layout> all = {
      layoutOf(4, {}, {}),
      layoutOf(4, {5}, {4}),
      layoutOf(2, {2, 3}, {6, 2}),
      layoutOf(2, {2, 3}, {64, 2}),
      layoutOf(4, {2, 3, 5}, {96, 32, 4}),
      layoutOf(4, {2, 3, 5}, {256, 64, 4}),
      layoutOf(4, {2, 3, 5}, {100, 20, 4}),
      layoutOf(1, {1, 4, 6, 1}, {256, 64, 1, 1}),
      layoutOf(1, {1, 2, 3, 2}, {128, 64, 2, 1}),
      layoutOf(8, {3, 1, 2}, {64, 1000, 8}),
      layoutOf(1, {2, 2, 2, 2, 2, 2, 2, 2, 2, 2}, {2048, 900, 400, 190, 90, 42, 20, 9, 4, 1}),
      layoutOf(4, {2, 0, 5}, {96, 32, 4}),
  };
  return all;
}

}  // namespace

TEST(packing_takes_every_element_in_order) {
  for (const Layout& layout : layouts()) {
    const std::vector<std::int64_t> offsets = offsetsOf(layout);
    std::vector<std::uint8_t> strided(8192, 0xee);
    for (std::size_t i = 0; i < offsets.size(); ++i) {
      strided[static_cast<std::size_t>(offsets[i])] = static_cast<std::uint8_t>(i);
    }
    std::vector<std::uint8_t> dense(static_cast<std::size_t>(bpusim::denseSize(layout)) + 1, 0x55);
    bpusim::pack(layout, strided.data(), dense.data());
    for (std::size_t i = 0; i < offsets.size(); ++i) {
      CHECK_EQ(dense[i * static_cast<std::size_t>(layout.elementSize)], static_cast<std::uint8_t>(i));
    }
    CHECK_EQ(dense.back(), 0x55);
  }
}

TEST(unpacking_puts_them_back_and_touches_gaps_only_when_asked) {
  for (const Layout& layout : layouts()) {
    for (const bool zero : {false, true}) {
      const std::vector<std::int64_t> offsets = offsetsOf(layout);
      const auto size = static_cast<std::size_t>(bpusim::denseSize(layout));
      std::vector<std::uint8_t> dense(size);
      for (std::size_t i = 0; i < size; ++i) {
        dense[i] = static_cast<std::uint8_t>(i % 199 + 1);
      }
      std::vector<std::uint8_t> strided(8192, 0xee);
      const std::int64_t whole = layout.rank == 0 ? 0 : layout.strides[0] * layout.shape[0];
      bpusim::unpack(layout, dense.data(), strided.data(), zero ? strided.data() + whole : nullptr);
      std::vector<std::uint8_t> expected(8192, 0xee);
      if (zero && size != 0) {
        std::fill_n(expected.begin(), whole, std::uint8_t{0});
      }
      for (std::size_t i = 0; i < offsets.size(); ++i) {
        std::memcpy(&expected[static_cast<std::size_t>(offsets[i])],
                    &dense[i * static_cast<std::size_t>(layout.elementSize)],
                    static_cast<std::size_t>(layout.elementSize));
      }
      CHECK(strided == expected);
    }
  }
}

TEST(gaps_are_zeroed_up_to_the_end_that_is_given) {
  const Layout layout = layoutOf(4, {2, 3}, {64, 4});
  const std::vector<float> dense = {1, 2, 3, 4, 5, 6};
  std::vector<std::uint8_t> strided(128, 0xee);
  bpusim::unpack(layout, dense.data(), strided.data(), strided.data() + 80);
  CHECK_EQ(strided[63], 0);
  CHECK_EQ(strided[79], 0);
  CHECK_EQ(strided[80], 0xee);
}

TEST(spans_and_density) {
  CHECK_EQ(bpusim::spanOf(layoutOf(4, {2, 3, 5}, {96, 32, 4})).value(), 96 + 64 + 20);
  CHECK_EQ(bpusim::spanOf(layoutOf(4, {}, {})).value(), 4);
  CHECK_EQ(bpusim::spanOf(layoutOf(4, {2, 0}, {96, 4})).value(), 0);
  constexpr std::int64_t kHuge = std::numeric_limits<std::int64_t>::max();
  CHECK(!bpusim::spanOf(layoutOf(4, {3, 2}, {kHuge, 4})).has_value());
  CHECK(!bpusim::spanOf(layoutOf(4, {2, 2, 2}, {kHuge - 4, kHuge - 4, 4})).has_value());
  CHECK(bpusim::isDense(layoutOf(4, {2, 3}, {12, 4})));
  CHECK(bpusim::isDense(layoutOf(4, {1, 3}, {4096, 4})));
  CHECK(!bpusim::isDense(layoutOf(4, {2, 3}, {16, 4})));
  Layout layout = layoutOf(4, {2, 3, 5}, {-1, -1, 4});
  CHECK(bpusim::fillOpen(layout));
  CHECK_EQ(layout.strides[0], 60);
  Layout padded = layoutOf(4, {2, 3, 5}, {-1, 32, 4});
  CHECK(bpusim::fillOpen(padded));
  CHECK_EQ(padded.strides[0], 96);
  CHECK_EQ(padded.strides[1], 32);
  Layout large = layoutOf(8, std::vector<std::int64_t>(3, std::numeric_limits<std::int32_t>::max()), {-1, -1, 8});
  CHECK(!bpusim::fillOpen(large));
  CHECK_EQ(bpusim::denseSize(layoutOf(8, {INT32_MAX, INT32_MAX, INT32_MAX, 0}, {0, 0, 0, 8})), 0);
}
