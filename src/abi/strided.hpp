// Arithmetic of tensors in strided memory, once for both sides of the driver's interface. Shapes are of 32 bits in the
// driver's structures and of 64 elsewhere. The packer, which works without the extension, computes strides of its own.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

namespace strided {

// Rounds bytes up to a multiple of a unit. False on overflow.
[[nodiscard]] constexpr bool roundUp(std::int64_t& bytes, std::int64_t unit) noexcept {
  const std::int64_t beyond = bytes % unit;
  return beyond == 0 || !__builtin_add_overflow(bytes, unit - beyond, &bytes);
}

// Fills the strides that are -1 from the innermost dimension outwards. Each outer one is a multiple of `alignment`
// bytes; an empty dimension takes as much as one step. False on overflow.
template <class Size>
[[nodiscard]] constexpr bool fillOpen(const Size* shape, std::int64_t* strides, std::int32_t rank,
                                      std::int64_t elementSize, std::int64_t alignment) noexcept {
  std::int64_t inner = elementSize;  // bytes of one step of this dimension, with all that lies in it
  for (std::int32_t i = rank - 1; i >= 0; --i) {
    if (strides[i] == -1) {
      if (i < rank - 1 && !roundUp(inner, alignment)) {
        return false;
      }
      strides[i] = inner;
    }
    if (__builtin_mul_overflow(strides[i], std::max<std::int64_t>(shape[i], 1), &inner)) {
      return false;
    }
  }
  return true;
}

// Strides without gaps, of a tensor that fits into memory.
template <class Size>
constexpr void fillDense(const Size* shape, std::int64_t* strides, std::int32_t rank,
                         std::int64_t elementSize) noexcept {
  for (std::int32_t i = rank - 1; i >= 0; --i) {
    strides[i] = elementSize;
    elementSize *= std::max<std::int64_t>(shape[i], 1);
  }
}

// Bytes of the elements alone. With a 0 among them the other dimensions may be anything: their product need not fit.
template <class Size>
[[nodiscard]] constexpr std::int64_t denseSize(const Size* shape, std::int32_t rank,
                                               std::int64_t elementSize) noexcept {
  for (std::int32_t i = 0; i < rank; ++i) {
    if (shape[i] == 0) {
      return 0;
    }
  }
  for (std::int32_t i = 0; i < rank; ++i) {
    elementSize *= shape[i];
  }
  return elementSize;
}

// Where the bytes of the elements begin and end, from the first element, which is not the lowest where strides are
// negative. Nothing when a dimension is dynamic, and on overflow.
template <class Size>
[[nodiscard]] constexpr std::optional<std::pair<std::int64_t, std::int64_t>> boundsOf(
    const Size* shape, const std::int64_t* strides, std::int32_t rank, std::int64_t elementSize) noexcept {
  bool empty = false;
  for (std::int32_t i = 0; i < rank; ++i) {
    if (shape[i] < 0) {
      return std::nullopt;
    }
    empty = empty || shape[i] == 0;
  }
  if (empty) {
    return std::pair<std::int64_t, std::int64_t>{0, 0};
  }
  std::pair<std::int64_t, std::int64_t> bounds{0, elementSize};
  for (std::int32_t i = 0; i < rank; ++i) {
    std::int64_t reach = 0;
    if (__builtin_mul_overflow(strides[i], static_cast<std::int64_t>(shape[i]) - 1, &reach)) {
      return std::nullopt;
    }
    std::int64_t& moved = reach < 0 ? bounds.first : bounds.second;
    if (__builtin_add_overflow(moved, reach, &moved)) {
      return std::nullopt;
    }
  }
  return bounds;
}

}  // namespace strided
