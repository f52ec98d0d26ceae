#include "core/image/image_kernels.hpp"

#include "core/base/vector_target.hpp"

namespace hbm {
namespace {

constexpr std::int32_t kHalf = 1 << (kColorBits - 1);

HBM_KERNEL std::int32_t clip(std::int32_t value) {
  value = value < 0 ? 0 : value;
  return value > 255 ? 255 : value;
}

HBM_KERNEL std::uint8_t weigh(const ColorWeights& weights, std::int32_t red, std::int32_t green, std::int32_t blue) {
  const std::int32_t sum = weights.red * red + weights.green * green + weights.blue * blue;
  return static_cast<std::uint8_t>(clip((sum + (weights.offset << kColorBits) + kHalf) >> kColorBits));
}

HBM_KERNEL void splitLoop(const std::uint8_t* __restrict pixels, std::uint8_t* __restrict first,
                          std::uint8_t* __restrict second, std::uint8_t* __restrict third, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) {
    first[i] = pixels[3 * i];
    second[i] = pixels[3 * i + 1];
    third[i] = pixels[3 * i + 2];
  }
}

HBM_KERNEL void mergeLoop(const std::uint8_t* __restrict first, const std::uint8_t* __restrict second,
                          const std::uint8_t* __restrict third, std::uint8_t* __restrict pixels, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) {
    pixels[3 * i] = first[i];
    pixels[3 * i + 1] = second[i];
    pixels[3 * i + 2] = third[i];
  }
}

HBM_KERNEL void lumaLoop(const Planes& from, const ColorWeights& given, std::uint8_t* __restrict to,
                         std::int64_t count) {
  const ColorWeights weights = given;
  const std::uint8_t* __restrict red = from.red;
  const std::uint8_t* __restrict green = from.green;
  const std::uint8_t* __restrict blue = from.blue;
  for (std::int64_t i = 0; i < count; ++i) {
    to[i] = weigh(weights, red[i], green[i], blue[i]);
  }
}

HBM_KERNEL void chromaLoop(const Planes& from, const ToYuv& given, std::uint8_t* __restrict to, std::int64_t count) {
  const ToYuv weights = given;
  const std::uint8_t* __restrict red = from.red;
  const std::uint8_t* __restrict green = from.green;
  const std::uint8_t* __restrict blue = from.blue;
  for (std::int64_t i = 0; i < count; i += 2) {
    to[i] = weigh(weights.u, red[i], green[i], blue[i]);
    to[i + 1] = weigh(weights.v, red[i], green[i], blue[i]);
  }
}

HBM_KERNEL void colorLoop(const std::uint8_t* __restrict y, const std::uint8_t* __restrict uv, const FromYuv& given,
                          const MutablePlanes& to, std::int64_t count) {
  const FromYuv weights = given;
  std::uint8_t* __restrict red = to.red;
  std::uint8_t* __restrict green = to.green;
  std::uint8_t* __restrict blue = to.blue;
  for (std::int64_t i = 0; i < count; i += 2) {
    const std::int32_t u = uv[i] - 128;
    const std::int32_t v = uv[i + 1] - 128;
    const std::int32_t addRed = kHalf + weights.redV * v;
    const std::int32_t addGreen = kHalf + weights.greenU * u + weights.greenV * v;
    const std::int32_t addBlue = kHalf + weights.blueU * u;
    for (std::int64_t k = i; k < i + 2; ++k) {
      const std::int32_t above = y[k] - weights.black;
      const std::int32_t luma = (above < 0 ? 0 : above) * weights.y;
      red[k] = static_cast<std::uint8_t>(clip((luma + addRed) >> kColorBits));
      green[k] = static_cast<std::uint8_t>(clip((luma + addGreen) >> kColorBits));
      blue[k] = static_cast<std::uint8_t>(clip((luma + addBlue) >> kColorBits));
    }
  }
}

HBM_KERNEL void blendLoop(const std::int32_t* __restrict first, const std::int32_t* __restrict second,
                          std::int32_t weight, std::uint8_t* __restrict to, std::int64_t count) {
  constexpr std::int32_t kShift = 2 * kResizeBits;
  const std::int32_t other = (1 << kResizeBits) - weight;
  for (std::int64_t i = 0; i < count; ++i) {
    to[i] = static_cast<std::uint8_t>((first[i] * other + second[i] * weight + (1 << (kShift - 1))) >> kShift);
  }
}

// Every loop as a function of the given kind, in a table.
#define HBM_IMAGE_KERNELS(name, target)                                                                              \
  struct name {                                                                                                      \
    target static void split(const std::uint8_t* pixels, std::uint8_t* first, std::uint8_t* second,                  \
                             std::uint8_t* third, std::int64_t count) {                                              \
      splitLoop(pixels, first, second, third, count);                                                                \
    }                                                                                                                \
    target static void merge(const std::uint8_t* first, const std::uint8_t* second, const std::uint8_t* third,       \
                             std::uint8_t* pixels, std::int64_t count) {                                             \
      mergeLoop(first, second, third, pixels, count);                                                                \
    }                                                                                                                \
    target static void luma(const Planes& from, const ColorWeights& weights, std::uint8_t* to, std::int64_t count) { \
      lumaLoop(from, weights, to, count);                                                                            \
    }                                                                                                                \
    target static void chroma(const Planes& from, const ToYuv& weights, std::uint8_t* to, std::int64_t count) {      \
      chromaLoop(from, weights, to, count);                                                                          \
    }                                                                                                                \
    target static void color(const std::uint8_t* y, const std::uint8_t* uv, const FromYuv& weights,                  \
                             const MutablePlanes& to, std::int64_t count) {                                          \
      colorLoop(y, uv, weights, to, count);                                                                          \
    }                                                                                                                \
    target static void blend(const std::int32_t* first, const std::int32_t* second, std::int32_t weight,             \
                             std::uint8_t* to, std::int64_t count) {                                                 \
      blendLoop(first, second, weight, to, count);                                                                   \
    }                                                                                                                \
    static constexpr ImageKernels kTable{&split, &merge, &luma, &chroma, &color, &blend};                            \
  };

HBM_IMAGE_KERNELS(PlainKernels, )
HBM_IMAGE_KERNELS(WideKernels, HBM_WIDE)
#undef HBM_IMAGE_KERNELS

// BT.601 with 20 fractional bits. Video range has the numbers that OpenCV has, three decimal digits of the standard's;
// those of each row of the full range add up to 2^20 or 0, so that gray stays gray.
constexpr ToYuv kToVideo{{269484, 528482, 102760, 16}, {-155188, -305135, 460324, 128}, {460324, -385875, -74448, 128}};
constexpr ToYuv kToFull{{313524, 615514, 119538, 0}, {-176933, -347355, 524288, 128}, {524288, -439026, -85262, 128}};
constexpr FromYuv kFromVideo{16, 1220542, 1673527, -409993, -852492, 2116026};
constexpr FromYuv kFromFull{0, 1048576, 1470103, -360853, -748826, 1858077};

}  // namespace

const ToYuv& toYuv(YuvRange range) { return range == YuvRange::kVideo ? kToVideo : kToFull; }

const FromYuv& fromYuv(YuvRange range) { return range == YuvRange::kVideo ? kFromVideo : kFromFull; }

const ImageKernels& imageKernels(bool wide) { return wide ? WideKernels::kTable : PlainKernels::kTable; }

}  // namespace hbm
