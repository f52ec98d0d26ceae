// copyElements and zeroPadding against the plainest loop that does the same.
#include <algorithm>
#include <array>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "core/memory/copy.hpp"
#include "hbm_runtime/types.hpp"
#include "support/check.hpp"

namespace {

using Sizes = std::vector<std::int64_t>;

constexpr unsigned char kUntouched = 0xA5;

std::int64_t elementsOf(const Sizes& shape) {
  std::int64_t count = 1;
  for (const std::int64_t size : shape) {
    count *= size;
  }
  return count;
}

// Byte offset of the element with this number in C order.
std::int64_t offsetOf(std::int64_t number, const Sizes& shape, const Sizes& strides) {
  std::int64_t offset = 0;
  for (std::size_t i = shape.size(); i-- > 0;) {
    offset += number % shape[i] * strides[i];
    number /= shape[i];
  }
  return offset;
}

// A block of memory and where in it the element with all indices zero lies.
struct Block {
  std::vector<unsigned char> bytes;
  std::int64_t origin = 0;
};

// Room for every element, and a few bytes around them that nobody may touch.
Block blockFor(const Sizes& shape, const Sizes& strides, std::int64_t element) {
  constexpr std::int64_t kMargin = 24;
  std::int64_t lowest = 0;
  std::int64_t highest = 0;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    const std::int64_t last = std::max<std::int64_t>(shape[i] - 1, 0) * strides[i];
    lowest += std::min<std::int64_t>(last, 0);
    highest += std::max<std::int64_t>(last, 0);
  }
  Block block;
  block.bytes.assign(static_cast<std::size_t>(highest - lowest + element + 2 * kMargin), kUntouched);
  block.origin = kMargin - lowest;
  return block;
}

class Cases {
 public:
  std::int64_t upTo(std::int64_t most) { return std::uniform_int_distribution<std::int64_t>(0, most)(random_); }

  Sizes shape() {
    Sizes sizes(static_cast<std::size_t>(upTo(5)));
    for (std::int64_t& size : sizes) {
      constexpr std::array<std::int64_t, 8> kSizes{1, 1, 2, 3, 4, 5, 7, 0};
      size = kSizes[static_cast<std::size_t>(upTo(upTo(9) == 0 ? 7 : 6))];
    }
    return sizes;
  }

  // As the device has them: rows apart by at least their size, in steps of `step`.
  Sizes deviceStrides(const Sizes& shape, std::int64_t element) {
    Sizes strides(shape.size());
    std::int64_t inner = element;
    const std::int64_t padding = upTo(1) * 16;
    for (std::size_t i = shape.size(); i-- > 0;) {
      const bool padded = padding != 0 && i + 1 < shape.size() && upTo(1) == 0;
      strides[i] = padded ? (inner + padding - 1) / padding * padding + padding * upTo(1) : inner;
      inner = strides[i] * std::max<std::int64_t>(shape[i], 1);
    }
    return strides;
  }

  // As callers have them: any order of axes, gaps, backwards, repeated, unaligned.
  Sizes callerStrides(const Sizes& shape, std::int64_t element) {
    std::vector<std::size_t> order(shape.size());
    for (std::size_t i = 0; i < order.size(); ++i) {
      order[i] = i;
    }
    std::shuffle(order.begin(), order.end(), random_);
    Sizes strides(shape.size());
    std::int64_t inner = element;
    for (const std::size_t axis : order) {
      strides[axis] = upTo(7) == 0 ? 0 : inner + upTo(1) * upTo(5);
      inner = std::max(inner, strides[axis] * std::max<std::int64_t>(shape[axis], 1));
      strides[axis] *= upTo(2) == 0 ? -1 : 1;
    }
    return strides;
  }

  void fill(Block& block) {
    for (unsigned char& byte : block.bytes) {
      byte = static_cast<unsigned char>(upTo(255));
    }
  }

 private:
  std::mt19937_64 random_{20240607};  // NOLINT(cert-msc51-cpp): the same cases every time
};

std::string describe(const Sizes& shape, const Sizes& to, const Sizes& from, std::int64_t element) {
  const auto list = [](const Sizes& values) {
    std::string text;
    for (const std::int64_t value : values) {
      text += " " + std::to_string(value);
    }
    return text;
  };
  return "shape" + list(shape) + ", to" + list(to) + ", from" + list(from) + ", element " + std::to_string(element);
}

void checkCopy(const Sizes& shape, const Sizes& to, const Sizes& from, std::int64_t element, Cases& cases) {
  Block source = blockFor(shape, from, element);
  cases.fill(source);
  Block copied = blockFor(shape, to, element);
  Block expected = copied;
  for (std::int64_t i = 0; i < elementsOf(shape); ++i) {
    std::memcpy(expected.bytes.data() + expected.origin + offsetOf(i, shape, to),
                source.bytes.data() + source.origin + offsetOf(i, shape, from), static_cast<std::size_t>(element));
  }
  hbm::copyElements(copied.bytes.data() + copied.origin, to.data(), source.bytes.data() + source.origin, from.data(),
                    shape.data(), static_cast<std::int32_t>(shape.size()), element);
  check::holds(copied.bytes == expected.bytes, describe(shape, to, from, element).c_str(), __FILE__, __LINE__);
}

constexpr std::array<std::int64_t, 4> kElementSizes{1, 2, 4, 8};

}  // namespace

TEST(copies_of_any_layout_are_those_of_the_plain_loop) {
  Cases cases;
  for (int round = 0; round < 4000; ++round) {
    const std::int64_t element = kElementSizes[static_cast<std::size_t>(round % 4)];
    const Sizes shape = cases.shape();
    checkCopy(shape, cases.deviceStrides(shape, element), cases.callerStrides(shape, element), element, cases);
  }
}

TEST(results_can_go_to_any_layout_of_the_caller) {
  Cases cases;
  for (int round = 0; round < 2000; ++round) {
    const std::int64_t element = kElementSizes[static_cast<std::size_t>(round % 4)];
    const Sizes shape = cases.shape();
    Sizes to = cases.callerStrides(shape, element);
    // A caller's array for results does not repeat elements.
    std::int64_t inner = element;
    for (std::size_t i = to.size(); i-- > 0;) {
      to[i] = to[i] < 0 ? -inner : inner;
      inner *= std::max<std::int64_t>(shape[i], 1);
    }
    checkCopy(shape, to, cases.deviceStrides(shape, element), element, cases);
  }
}

TEST(ten_dimensions_work) {
  Cases cases;
  const Sizes shape{2, 1, 3, 1, 2, 1, 2, 1, 2, 3};
  checkCopy(shape, cases.deviceStrides(shape, 2), cases.callerStrides(shape, 2), 2, cases);
}

TEST(every_byte_of_the_memory_that_is_no_element_becomes_zero_and_no_other) {
  Cases cases;
  for (int round = 0; round < 4000; ++round) {
    const std::int64_t element = kElementSizes[static_cast<std::size_t>(round % 4)];
    const Sizes shape = cases.shape();
    const Sizes strides = cases.deviceStrides(shape, element);
    std::int64_t used = elementsOf(shape) == 0 ? 0 : element;
    for (std::size_t i = 0; i < shape.size() && used > 0; ++i) {
      used += (shape[i] - 1) * strides[i];
    }
    const std::int64_t size = used + cases.upTo(2) * cases.upTo(40);
    std::vector<unsigned char> memory(static_cast<std::size_t>(size) + 8, kUntouched);
    std::vector<unsigned char> expected = memory;
    std::fill_n(expected.begin(), size, static_cast<unsigned char>(0));
    for (std::int64_t i = 0; i < elementsOf(shape); ++i) {
      std::fill_n(expected.begin() + offsetOf(i, shape, strides), element, kUntouched);
    }
    hbm::zeroPadding(memory.data(), size, strides.data(), shape.data(), static_cast<std::int32_t>(shape.size()),
                     element);
    check::holds(memory == expected, describe(shape, strides, {size}, element).c_str(), __FILE__, __LINE__);
  }
}
