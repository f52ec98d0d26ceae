// Camera pictures for models: NV12 to and from BGR or RGB, and resizing. Everything is 8-bit.
#pragma once

#include <array>
#include <cstdint>

#include "hbm_runtime/export.hpp"

namespace hbm {

// Pixels in memory of any layout; strides are in bytes and may be negative.
template <class Byte>
struct BasicImageView {
  Byte* data = nullptr;
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::int64_t channels = 0;
  std::int64_t rowStride = 0;
  std::int64_t pixelStride = 0;
  std::int64_t channelStride = 1;
};
using ImageView = BasicImageView<const std::uint8_t>;
using MutableImageView = BasicImageView<std::uint8_t>;

enum class ColorOrder : std::uint8_t { kBgr, kRgb };

// BT.601: Y and chroma from 0 to 255, or Y from 16 to 235 and chroma from 16 to 240.
enum class YuvRange : std::uint8_t { kFull, kVideo };

// Where a picture of another shape lies in a letterbox: in pixels of the letterbox.
struct Placement {
  std::int64_t left = 0;
  std::int64_t top = 0;
  std::int64_t width = 0;
  std::int64_t height = 0;
};

// Views of one call must not overlap. Sizes that do not fit each other, or are not even where NV12 is involved, throw
// Error (kInput).

// `image` has 3 channels, `y` one, and `uv` two and half the width and height. Chroma is that of the upper left pixel
// of each block of 2 x 2, and in video range every number is OpenCV's COLOR_BGR2YUV_I420.
HBM_API void toNv12(const ImageView& image, ColorOrder order, YuvRange range, const MutableImageView& y,
                    const MutableImageView& uv);

// The way back; in video range every number is OpenCV's COLOR_YUV2BGR_NV12.
HBM_API void fromNv12(const ImageView& y, const ImageView& uv, ColorOrder order, YuvRange range,
                      const MutableImageView& image);

// Bilinear, with the pixel centres of OpenCV's INTER_LINEAR and at most 1 away from its numbers. Both have the same
// number of channels, 1 to 4.
HBM_API void resizeBilinear(const ImageView& image, const MutableImageView& resized);

// The biggest placement of a picture in a box that keeps its proportions; not bigger than the picture unless `enlarge`;
// in the middle, or at the upper left.
[[nodiscard]] HBM_API Placement placeInBox(std::int64_t imageWidth, std::int64_t imageHeight, std::int64_t boxWidth,
                                           std::int64_t boxHeight, bool enlarge, bool center);

// Resizes `image` into its place in `box` and paints the rest.
HBM_API void letterbox(const ImageView& image, const Placement& placement, const std::array<std::uint8_t, 4>& color,
                       const MutableImageView& box);

}  // namespace hbm
