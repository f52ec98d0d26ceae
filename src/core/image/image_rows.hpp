// Rows of pixels of any layout: read into dense memory and written from it.
#pragma once

#include <cstdint>
#include <string>

#include "hbm_runtime/error.hpp"
#include "hbm_runtime/image.hpp"

namespace hbm {

template <class Byte>
[[nodiscard]] std::string describeSize(const BasicImageView<Byte>& view) {
  return std::to_string(view.width) + " x " + std::to_string(view.height) + " with " + std::to_string(view.channels) +
         (view.channels == 1 ? " channel" : " channels");
}

[[noreturn]] inline void refuseImage(const std::string& text) { throw Error(ErrorKind::kInput, text); }

// True if the channels of a pixel, and the pixels of a row, follow each other without a gap.
template <class Byte>
[[nodiscard]] bool isDense(const BasicImageView<Byte>& view) {
  return view.pixelStride == view.channels && (view.channels == 1 || view.channelStride == 1);
}

template <class Byte>
[[nodiscard]] Byte* pixelAt(const BasicImageView<Byte>& view, std::int64_t row, std::int64_t column) {
  return view.data + row * view.rowStride + column * view.pixelStride;
}

inline void readPixels(const ImageView& view, std::int64_t row, std::int64_t column, std::int64_t count,
                       std::uint8_t* to) {
  const std::uint8_t* from = pixelAt(view, row, column);
  for (std::int64_t i = 0; i < count; ++i, from += view.pixelStride) {
    for (std::int64_t channel = 0; channel < view.channels; ++channel) {
      *to++ = from[channel * view.channelStride];
    }
  }
}

inline void writePixels(const MutableImageView& view, std::int64_t row, std::int64_t column, std::int64_t count,
                        const std::uint8_t* from) {
  std::uint8_t* to = pixelAt(view, row, column);
  for (std::int64_t i = 0; i < count; ++i, to += view.pixelStride) {
    for (std::int64_t channel = 0; channel < view.channels; ++channel) {
      to[channel * view.channelStride] = *from++;
    }
  }
}

}  // namespace hbm
