// The inner loops of image.cpp and resize.cpp, on dense bytes.
#pragma once

#include <cstdint>

#include "hbm_runtime/image.hpp"

namespace hbm {

// Sums of products with 20 fractional bits: BT.601 in both ranges.
inline constexpr std::int32_t kColorBits = 20;

// One of Y, U and V from a pixel.
struct ColorWeights {
  std::int32_t red;
  std::int32_t green;
  std::int32_t blue;
  std::int32_t offset;  // of the value; the kernels add the half for rounding
};

struct ToYuv {
  ColorWeights y;
  ColorWeights u;
  ColorWeights v;
};

struct FromYuv {
  std::int32_t black;  // Y is at least that
  std::int32_t y;
  std::int32_t redV;
  std::int32_t greenU;
  std::int32_t greenV;
  std::int32_t blueU;
};

[[nodiscard]] const ToYuv& toYuv(YuvRange range);
[[nodiscard]] const FromYuv& fromYuv(YuvRange range);

// Weights of the resampling have this many bits, so that a product of two of them and a byte fits into 31.
inline constexpr std::int32_t kResizeBits = 11;

struct Planes {
  const std::uint8_t* red;
  const std::uint8_t* green;
  const std::uint8_t* blue;
};

struct MutablePlanes {
  std::uint8_t* red;
  std::uint8_t* green;
  std::uint8_t* blue;
};

// Counts are of pixels.
struct ImageKernels {
  // Pixels of three bytes to and from three planes.
  void (*split)(const std::uint8_t* pixels, std::uint8_t* first, std::uint8_t* second, std::uint8_t* third,
                std::int64_t count);
  void (*merge)(const std::uint8_t* first, const std::uint8_t* second, const std::uint8_t* third, std::uint8_t* pixels,
                std::int64_t count);
  void (*luma)(const Planes& from, const ColorWeights& weights, std::uint8_t* to, std::int64_t count);
  // U and V in turn, of every second pixel; the count is even.
  void (*chroma)(const Planes& from, const ToYuv& weights, std::uint8_t* to, std::int64_t count);
  void (*color)(const std::uint8_t* y, const std::uint8_t* uv, const FromYuv& weights, const MutablePlanes& to,
                std::int64_t count);
  // Between two rows that were resampled horizontally; `weight` is that of the second.
  void (*blend)(const std::int32_t* first, const std::int32_t* second, std::int32_t weight, std::uint8_t* to,
                std::int64_t count);
};

[[nodiscard]] const ImageKernels& imageKernels(bool wide);

}  // namespace hbm
