// Picture conversions; the package's image.py names the arguments' mistakes and gives planes their usual shapes.
#include <array>

#include "bindings/bindings.hpp"
#include "bindings/interpreter/gil.hpp"
#include "hbm_runtime/image.hpp"

namespace hbm::python {
namespace {

using Pixels = py::array_t<std::uint8_t, 0>;

// The memory of an array of 3 dimensions: rows, columns, channels.
template <class Byte>
BasicImageView<Byte> view(const Pixels& array, Byte* data) {
  BasicImageView<Byte> result;
  result.data = data;
  result.height = array.shape(0);
  result.width = array.shape(1);
  result.channels = array.shape(2);
  result.rowStride = array.strides(0);
  result.pixelStride = array.strides(1);
  result.channelStride = array.strides(2);
  return result;
}

ImageView readable(const Pixels& array) { return view<const std::uint8_t>(array, array.data()); }
MutableImageView writeable(Pixels& array) { return view<std::uint8_t>(array, array.mutable_data()); }

ColorOrder orderOf(bool rgb) { return rgb ? ColorOrder::kRgb : ColorOrder::kBgr; }
YuvRange rangeOf(bool video) { return video ? YuvRange::kVideo : YuvRange::kFull; }

using Rectangle = std::array<std::int64_t, 4>;

}  // namespace

void bindImage(py::module_& module) {
  module.def(
      "_to_nv12",
      [](const Pixels& image, Pixels y, Pixels uv, bool rgb, bool video) {
        const ImageView from = readable(image);
        const MutableImageView toY = writeable(y);
        const MutableImageView toUv = writeable(uv);
        withoutGil([&] { toNv12(from, orderOf(rgb), rangeOf(video), toY, toUv); });
      },
      py::arg("image").noconvert(), py::arg("y").noconvert(), py::arg("uv").noconvert(), py::arg("rgb"),
      py::arg("video"));
  module.def(
      "_from_nv12",
      [](const Pixels& y, const Pixels& uv, Pixels image, bool rgb, bool video) {
        const ImageView fromY = readable(y);
        const ImageView fromUv = readable(uv);
        const MutableImageView to = writeable(image);
        withoutGil([&] { fromNv12(fromY, fromUv, orderOf(rgb), rangeOf(video), to); });
      },
      py::arg("y").noconvert(), py::arg("uv").noconvert(), py::arg("image").noconvert(), py::arg("rgb"),
      py::arg("video"));
  module.def(
      "_resize",
      [](const Pixels& image, Pixels resized) {
        const ImageView from = readable(image);
        const MutableImageView to = writeable(resized);
        withoutGil([&] { resizeBilinear(from, to); });
      },
      py::arg("image").noconvert(), py::arg("resized").noconvert());
  module.def(
      "_place_in_box",
      [](std::int64_t imageWidth, std::int64_t imageHeight, std::int64_t boxWidth, std::int64_t boxHeight, bool enlarge,
         bool center) -> Rectangle {
        const Placement place = placeInBox(imageWidth, imageHeight, boxWidth, boxHeight, enlarge, center);
        return {place.left, place.top, place.width, place.height};
      },
      py::arg("image_width"), py::arg("image_height"), py::arg("box_width"), py::arg("box_height"), py::arg("enlarge"),
      py::arg("center"));
  module.def(
      "_letterbox",
      [](const Pixels& image, const Rectangle& place, const std::array<std::uint8_t, 4>& color, Pixels box) {
        const ImageView from = readable(image);
        const MutableImageView to = writeable(box);
        withoutGil([&] { letterbox(from, {place[0], place[1], place[2], place[3]}, color, to); });
      },
      py::arg("image").noconvert(), py::arg("place"), py::arg("color"), py::arg("box").noconvert());
}

}  // namespace hbm::python
