#include "hbm_runtime/image.hpp"

#include <algorithm>
#include <array>

#include "core/base/vector_target.hpp"
#include "core/image/image_kernels.hpp"
#include "core/image/image_rows.hpp"

namespace hbm {
namespace {

// Pixels that are converted at a time: what they need stays in the first cache.
constexpr std::int64_t kBlock = 1024;
using Block = std::array<std::uint8_t, static_cast<std::size_t>(kBlock)>;
using PixelBlock = std::array<std::uint8_t, static_cast<std::size_t>(3 * kBlock)>;

template <class Image, class Y, class Uv>
void checkNv12(const BasicImageView<Image>& image, const BasicImageView<Y>& y, const BasicImageView<Uv>& uv) {
  if (image.channels != 3) {
    refuseImage("the image is " + describeSize(image) + "; BGR and RGB have 3");
  }
  if (image.width % 2 != 0 || image.height % 2 != 0 || image.width <= 0 || image.height <= 0) {
    refuseImage("the image is " + describeSize(image) +
                "; NV12 needs an even width and an even height: resize, letterbox or crop it first");
  }
  if (y.width != image.width || y.height != image.height || y.channels != 1) {
    refuseImage("the y plane is " + describeSize(y) + "; the image needs " + std::to_string(image.width) + " x " +
                std::to_string(image.height) + " with 1 channel");
  }
  if (uv.width != image.width / 2 || uv.height != image.height / 2 || uv.channels != 2) {
    refuseImage("the uv plane is " + describeSize(uv) + "; the image needs " + std::to_string(image.width / 2) + " x " +
                std::to_string(image.height / 2) + " with 2 channels");
  }
}

// Memory for blocks of both directions.
struct Blocks {
  PixelBlock pixels;
  Block first;
  Block second;
  Block third;
  Block y;
  Block uv;
};

struct Nv12Writer {
  const ImageView& image;
  const MutableImageView& y;
  const MutableImageView& uv;
  const ToYuv& weights;
  const ImageKernels& kernels;
  Blocks blocks{};
  bool redFirst = false;

  void block(std::int64_t row, std::int64_t column, std::int64_t count) {
    const std::uint8_t* pixels = isDense(image) ? pixelAt(image, row, column) : blocks.pixels.data();
    if (!isDense(image)) {
      readPixels(image, row, column, count, blocks.pixels.data());
    }
    kernels.split(pixels, blocks.first.data(), blocks.second.data(), blocks.third.data(), count);
    const Planes planes = redFirst ? Planes{blocks.first.data(), blocks.second.data(), blocks.third.data()}
                                   : Planes{blocks.third.data(), blocks.second.data(), blocks.first.data()};
    if (isDense(y)) {
      kernels.luma(planes, weights.y, pixelAt(y, row, column), count);
    } else {
      kernels.luma(planes, weights.y, blocks.y.data(), count);
      writePixels(y, row, column, count, blocks.y.data());
    }
    if (row % 2 != 0) {
      return;
    }
    if (isDense(uv)) {
      kernels.chroma(planes, weights, pixelAt(uv, row / 2, column / 2), count);
    } else {
      kernels.chroma(planes, weights, blocks.uv.data(), count);
      writePixels(uv, row / 2, column / 2, count / 2, blocks.uv.data());
    }
  }
};

struct Nv12Reader {
  const ImageView& y;
  const ImageView& uv;
  const MutableImageView& image;
  const FromYuv& weights;
  const ImageKernels& kernels;
  Blocks blocks{};
  bool redFirst = false;

  void block(std::int64_t row, std::int64_t column, std::int64_t count) {
    const std::uint8_t* luma = isDense(y) ? pixelAt(y, row, column) : blocks.y.data();
    if (!isDense(y)) {
      readPixels(y, row, column, count, blocks.y.data());
    }
    const std::uint8_t* chroma = isDense(uv) ? pixelAt(uv, row / 2, column / 2) : blocks.uv.data();
    if (!isDense(uv)) {
      readPixels(uv, row / 2, column / 2, count / 2, blocks.uv.data());
    }
    const MutablePlanes planes = redFirst
                                     ? MutablePlanes{blocks.first.data(), blocks.second.data(), blocks.third.data()}
                                     : MutablePlanes{blocks.third.data(), blocks.second.data(), blocks.first.data()};
    kernels.color(luma, chroma, weights, planes, count);
    std::uint8_t* pixels = isDense(image) ? pixelAt(image, row, column) : blocks.pixels.data();
    kernels.merge(blocks.first.data(), blocks.second.data(), blocks.third.data(), pixels, count);
    if (!isDense(image)) {
      writePixels(image, row, column, count, blocks.pixels.data());
    }
  }
};

template <class Work>
void forEachBlock(std::int64_t height, std::int64_t width, Work& work) {
  for (std::int64_t row = 0; row < height; ++row) {
    for (std::int64_t column = 0; column < width; column += kBlock) {
      work.block(row, column, std::min(kBlock, width - column));
    }
  }
}

}  // namespace

void toNv12(const ImageView& image, ColorOrder order, YuvRange range, const MutableImageView& y,
            const MutableImageView& uv) {
  checkNv12(image, y, uv);
  Nv12Writer writer{image, y, uv, toYuv(range), imageKernels(hasWideVectors())};
  writer.redFirst = order == ColorOrder::kRgb;
  forEachBlock(image.height, image.width, writer);
}

void fromNv12(const ImageView& y, const ImageView& uv, ColorOrder order, YuvRange range,
              const MutableImageView& image) {
  checkNv12(image, y, uv);
  Nv12Reader reader{y, uv, image, fromYuv(range), imageKernels(hasWideVectors())};
  reader.redFirst = order == ColorOrder::kRgb;
  forEachBlock(image.height, image.width, reader);
}

}  // namespace hbm
