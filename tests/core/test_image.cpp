// Picture conversions as C++ programs call them. The numbers are compared with OpenCV's in
// tests/python/test_image_*.py.
#include <array>
#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "core/base/vector_target.hpp"
#include "core/image/image_kernels.hpp"
#include "hbm_runtime/error.hpp"
#include "hbm_runtime/image.hpp"
#include "support/check.hpp"

namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes noise(std::size_t size) {
  std::mt19937 random(1);
  Bytes bytes(size);
  for (std::uint8_t& byte : bytes) {
    byte = static_cast<std::uint8_t>(random());
  }
  return bytes;
}

template <class Byte>
hbm::BasicImageView<Byte> dense(Byte* data, std::int64_t width, std::int64_t height, std::int64_t channels) {
  return {data, height, width, channels, width * channels, channels, 1};
}

std::string refusal(const std::function<void()>& work) {
  try {
    work();
  } catch (const hbm::Error& error) {
    CHECK(error.kind() == hbm::ErrorKind::kInput);
    return error.what();
  }
  return "";
}

}  // namespace

TEST(a_white_and_a_black_block_in_both_ranges) {
  Bytes image(2 * 4 * 3, 255);
  for (const std::size_t row : {0U, 1U}) {
    std::fill_n(image.begin() + static_cast<std::ptrdiff_t>(row * 12 + 6), 6, std::uint8_t{0});
  }
  Bytes y(8);
  Bytes uv(4);
  const auto convert = [&](hbm::YuvRange range) {
    hbm::toNv12(dense<const std::uint8_t>(image.data(), 4, 2, 3), hbm::ColorOrder::kBgr, range,
                dense(y.data(), 4, 2, 1), dense(uv.data(), 2, 1, 2));
  };
  convert(hbm::YuvRange::kFull);
  CHECK(y == (Bytes{255, 255, 0, 0, 255, 255, 0, 0}));
  CHECK(uv == (Bytes{128, 128, 128, 128}));
  convert(hbm::YuvRange::kVideo);
  CHECK(y == (Bytes{235, 235, 16, 16, 235, 235, 16, 16}));
  CHECK(uv == (Bytes{128, 128, 128, 128}));
}

TEST(sizes_that_do_not_fit_are_refused_before_anything_is_written) {
  const Bytes image = noise(3 * 64);
  Bytes y(64, 7);
  Bytes uv(64, 7);
  const auto convert = [&](std::int64_t width, std::int64_t height, std::int64_t yWidth, std::int64_t uvChannels) {
    return refusal([&] {
      hbm::toNv12(dense<const std::uint8_t>(image.data(), width, height, 3), hbm::ColorOrder::kRgb,
                  hbm::YuvRange::kFull, dense(y.data(), yWidth, height, 1),
                  dense(uv.data(), width / 2, height / 2, uvChannels));
    });
  };
  CHECK(convert(5, 4, 5, 2).find("5 x 4") != std::string::npos);
  CHECK(convert(4, 3, 4, 2).find("even") != std::string::npos);
  CHECK(convert(0, 0, 0, 2).find("even") != std::string::npos);
  CHECK(convert(4, 4, 6, 2).find("y plane is 6 x 4") != std::string::npos);
  CHECK(convert(4, 4, 4, 1).find("uv plane") != std::string::npos);
  CHECK(convert(4, 4, 4, 2).empty());
  CHECK_EQ(y[16], 7);

  Bytes out(64);
  CHECK(refusal([&] {
          hbm::resizeBilinear(dense<const std::uint8_t>(image.data(), 4, 4, 3), dense(out.data(), 4, 4, 1));
        }).find("channels") != std::string::npos);
  CHECK(refusal([&] {
          hbm::letterbox(dense<const std::uint8_t>(image.data(), 4, 4, 1), {2, 0, 4, 4}, {},
                         dense(out.data(), 5, 4, 1));
        }).find("place") != std::string::npos);
  CHECK(refusal([] { static_cast<void>(hbm::placeInBox(0, 4, 8, 8, true, true)); }).find("0 x 4") != std::string::npos);
}

TEST(a_letterbox_paints_every_pixel_once) {
  const Bytes image(2 * 1 * 3, 200);
  Bytes box(6 * 5 * 3 + 1, 99);
  const hbm::Placement place = hbm::placeInBox(2, 1, 6, 5, true, true);
  CHECK_EQ(place.width, 6);
  CHECK_EQ(place.height, 3);
  CHECK_EQ(place.top, 1);
  hbm::letterbox(dense<const std::uint8_t>(image.data(), 2, 1, 3), place, {1, 2, 3, 0}, dense(box.data(), 6, 5, 3));
  for (std::size_t i = 0; i < 6 * 5 * 3; ++i) {
    const std::size_t row = i / 18;
    CHECK_EQ(box[i], row >= 1 && row < 4 ? 200 : i % 3 + 1);
  }
  CHECK_EQ(box.back(), 99);
}

// The numbers must not depend on the processor.
TEST(wide_kernels_give_the_same_bytes_as_plain_ones) {
  if (!hbm::hasWideVectors()) {
    SKIP("this processor has no wide vectors");
  }
  constexpr std::int64_t kCount = 1022;
  const Bytes from = noise(3 * kCount);
  std::vector<std::int32_t> rows(2 * kCount);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    rows[i] = from[i] * 2048;
  }
  std::array<std::vector<Bytes>, 2> results;
  for (const bool wide : {false, true}) {
    const hbm::ImageKernels& kernels = hbm::imageKernels(wide);
    std::vector<Bytes>& all = results.at(wide);
    all.assign(10, Bytes(3 * kCount));
    kernels.split(from.data(), all[0].data(), all[1].data(), all[2].data(), kCount);
    kernels.merge(all[0].data(), all[1].data(), all[2].data(), all[3].data(), kCount);
    CHECK(all[3] == from);
    const hbm::Planes planes{all[0].data(), all[1].data(), all[2].data()};
    for (const auto range : {hbm::YuvRange::kFull, hbm::YuvRange::kVideo}) {
      const std::size_t at = range == hbm::YuvRange::kFull ? 4 : 5;
      kernels.luma(planes, hbm::toYuv(range).y, all[at].data(), kCount);
      kernels.chroma(planes, hbm::toYuv(range), all[at].data() + kCount, kCount);
      kernels.color(from.data(), from.data() + kCount, hbm::fromYuv(range),
                    {all[6].data(), all[7].data(), all[8].data()}, kCount);
    }
    kernels.blend(rows.data(), rows.data() + kCount, 777, all[9].data(), kCount);
  }
  CHECK(results[0] == results[1]);
}
