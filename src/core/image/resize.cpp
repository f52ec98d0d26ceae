#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <utility>
#include <vector>

#include "core/base/vector_target.hpp"
#include "core/image/image_kernels.hpp"
#include "core/image/image_rows.hpp"
#include "hbm_runtime/image.hpp"

namespace hbm {
namespace {

constexpr std::int64_t kMaxChannels = 4;
// Sizes up to this keep every index and weight exact.
constexpr std::int64_t kMaxSize = 1 << 20;

// Where a pixel of the result comes from: between the source's pixels `first` and `second`.
struct Source {
  std::int32_t first;
  std::int32_t second;
  std::int32_t weight;  // of the second
};

std::vector<Source> sources(std::int64_t from, std::int64_t to) {
  std::vector<Source> all;
  all.reserve(static_cast<std::size_t>(to));
  const double step = static_cast<double>(from) / static_cast<double>(to);
  for (std::int64_t i = 0; i < to; ++i) {
    const double centre = std::clamp((static_cast<double>(i) + 0.5) * step - 0.5, 0.0, static_cast<double>(from - 1));
    const auto first = static_cast<std::int32_t>(centre);
    const auto weight =
        static_cast<std::int32_t>(std::lrint((centre - static_cast<double>(first)) * (1 << kResizeBits)));
    const std::int32_t second = std::min(first + 1, static_cast<std::int32_t>(from - 1));
    all.push_back({first, second, weight});
  }
  return all;
}

// Resamples row by row: each row of the source once horizontally, then between two of them.
class Resampler {
 public:
  Resampler(const ImageView& image, const MutableImageView& resized)
      : image_(image),
        resized_(resized),
        columns_(sources(image.width, resized.width)),
        rows_(sources(image.height, resized.height)),
        kernels_(imageKernels(hasWideVectors())),
        pixels_(isDense(image) ? 0 : static_cast<std::size_t>(image.width * image.channels)),
        result_(isDense(resized) ? 0 : length()) {
    for (Row& row : cache_) {
      row.values.resize(length());
    }
  }

  void run() {
    for (std::int64_t i = 0; i < resized_.height; ++i) {
      const Source& source = rows_[static_cast<std::size_t>(i)];
      const std::int32_t* first = row(source.first, source.second);
      const std::int32_t* second = row(source.second, source.first);
      std::uint8_t* to = isDense(resized_) ? pixelAt(resized_, i, 0) : result_.data();
      kernels_.blend(first, second, source.weight, to, static_cast<std::int64_t>(length()));
      if (!isDense(resized_)) {
        writePixels(resized_, i, 0, resized_.width, result_.data());
      }
    }
  }

 private:
  struct Row {
    std::int32_t index = -1;
    std::vector<std::int32_t> values;
  };

  [[nodiscard]] std::size_t length() const { return static_cast<std::size_t>(resized_.width * resized_.channels); }

  // A row of the source, resampled horizontally; `other` stays in the cache.
  const std::int32_t* row(std::int32_t index, std::int32_t other) {
    for (const Row& row : cache_) {
      if (row.index == index) {
        return row.values.data();
      }
    }
    Row& row = cache_[0].index == other ? cache_[1] : cache_[0];
    row.index = index;
    fill(index, row.values.data());
    return row.values.data();
  }

  void fill(std::int32_t index, std::int32_t* to) {
    const std::uint8_t* pixels = pixelAt(image_, index, 0);
    if (!isDense(image_)) {
      readPixels(image_, index, 0, image_.width, pixels_.data());
      pixels = pixels_.data();
    }
    switch (image_.channels) {
      case 1:
        return resample<1>(pixels, to);
      case 2:
        return resample<2>(pixels, to);
      case 3:
        return resample<3>(pixels, to);
      default:
        return resample<4>(pixels, to);
    }
  }

  template <std::ptrdiff_t kChannels>
  void resample(const std::uint8_t* pixels, std::int32_t* to) const {
    for (const Source& source : columns_) {
      const std::uint8_t* first = pixels + source.first * kChannels;
      const std::uint8_t* second = pixels + source.second * kChannels;
      for (std::ptrdiff_t channel = 0; channel < kChannels; ++channel) {
        *to++ = first[channel] * ((1 << kResizeBits) - source.weight) + second[channel] * source.weight;
      }
    }
  }

  const ImageView& image_;
  const MutableImageView& resized_;
  std::vector<Source> columns_;
  std::vector<Source> rows_;
  const ImageKernels& kernels_;
  std::array<Row, 2> cache_;
  std::vector<std::uint8_t> pixels_;
  std::vector<std::uint8_t> result_;
};

void paint(const MutableImageView& view, const std::array<std::uint8_t, kMaxChannels>& color) {
  for (std::int64_t row = 0; row < view.height; ++row) {
    for (std::int64_t column = 0; column < view.width; ++column) {
      for (std::int64_t channel = 0; channel < view.channels; ++channel) {
        pixelAt(view, row, column)[channel * view.channelStride] = color.at(static_cast<std::size_t>(channel));
      }
    }
  }
}

MutableImageView part(const MutableImageView& view, const Placement& place) {
  MutableImageView result = view;
  result.data = pixelAt(view, place.top, place.left);
  result.width = place.width;
  result.height = place.height;
  return result;
}

void checkSizes(const ImageView& image, const MutableImageView& resized) {
  const bool fits = image.width > 0 && image.height > 0 && resized.width > 0 && resized.height > 0 &&
                    std::max({image.width, image.height, resized.width, resized.height}) <= kMaxSize;
  if (!fits || image.channels != resized.channels || image.channels < 1 || image.channels > kMaxChannels) {
    refuseImage("cannot resize an image of " + describeSize(image) + " to " + describeSize(resized) +
                "; sizes are from 1 to " + std::to_string(kMaxSize) + ", and both have the same 1 to 4 channels");
  }
}

}  // namespace

void resizeBilinear(const ImageView& image, const MutableImageView& resized) {
  checkSizes(image, resized);
  Resampler(image, resized).run();
}

Placement placeInBox(std::int64_t imageWidth, std::int64_t imageHeight, std::int64_t boxWidth, std::int64_t boxHeight,
                     bool enlarge, bool center) {
  if (std::min({imageWidth, imageHeight, boxWidth, boxHeight}) < 1) {
    refuseImage("cannot place an image of " + std::to_string(imageWidth) + " x " + std::to_string(imageHeight) +
                " in a box of " + std::to_string(boxWidth) + " x " + std::to_string(boxHeight));
  }
  double scale = std::min(static_cast<double>(boxWidth) / static_cast<double>(imageWidth),
                          static_cast<double>(boxHeight) / static_cast<double>(imageHeight));
  scale = enlarge ? scale : std::min(scale, 1.0);
  const auto scaled = [scale](std::int64_t size, std::int64_t limit) {
    return std::clamp<std::int64_t>(std::lrint(static_cast<double>(size) * scale), 1, limit);
  };
  Placement place;
  place.width = scaled(imageWidth, boxWidth);
  place.height = scaled(imageHeight, boxHeight);
  place.left = center ? (boxWidth - place.width) / 2 : 0;
  place.top = center ? (boxHeight - place.height) / 2 : 0;
  return place;
}

void letterbox(const ImageView& image, const Placement& placement, const std::array<std::uint8_t, 4>& color,
               const MutableImageView& box) {
  const std::int64_t right = placement.left + placement.width;
  const std::int64_t bottom = placement.top + placement.height;
  if (placement.left < 0 || placement.top < 0 || right > box.width || bottom > box.height) {
    refuseImage("the image's place does not lie in the box of " + describeSize(box));
  }
  const MutableImageView inner = part(box, placement);
  checkSizes(image, inner);
  paint(part(box, {0, 0, box.width, placement.top}), color);
  paint(part(box, {0, bottom, box.width, box.height - bottom}), color);
  paint(part(box, {0, placement.top, placement.left, placement.height}), color);
  paint(part(box, {right, placement.top, box.width - right, placement.height}), color);
  resizeBilinear(image, inner);
}

}  // namespace hbm
