#include "dnn/base/tensor_layout.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "strided.hpp"

namespace bpusim {
namespace {

// The outermost dimensions are walked over, the rest is one block without gaps.
struct Blocks {
  std::int32_t outer;
  std::size_t size;  // bytes
};

[[nodiscard]] Blocks blocksOf(const Layout& layout) noexcept {
  Blocks blocks{layout.rank, static_cast<std::size_t>(layout.elementSize)};
  while (blocks.outer > 0) {
    const std::int32_t dimension = blocks.outer - 1;
    if (layout.shape[dimension] != 1 && layout.strides[dimension] != static_cast<std::int64_t>(blocks.size)) {
      break;
    }
    blocks.size *= static_cast<std::size_t>(layout.shape[dimension]);
    blocks.outer = dimension;
  }
  return blocks;
}

void packFrom(const Layout& layout, const Blocks& blocks, std::int32_t dimension, const std::byte* strided,
              std::byte*& dense) noexcept {
  if (dimension == blocks.outer) {
    std::memcpy(dense, strided, blocks.size);
    dense += blocks.size;
    return;
  }
  for (std::int64_t i = 0; i < layout.shape[dimension]; ++i) {
    packFrom(layout, blocks, dimension + 1, strided + i * layout.strides[dimension], dense);
  }
}

struct Destination {
  const Layout& layout;
  Blocks blocks;
  const std::byte* zeroEnd;  // null: gaps stay as they are

  // Writes what lies below `dimension` and returns the end of what was written.
  std::byte* write(std::int32_t dimension, const std::byte*& dense, std::byte* strided) const noexcept {
    if (dimension == blocks.outer) {
      std::memcpy(strided, dense, blocks.size);
      dense += blocks.size;
      return strided + blocks.size;
    }
    for (std::int64_t i = 0; i < layout.shape[dimension]; ++i) {
      std::byte* const next = strided + layout.strides[dimension];
      std::byte* const end = write(dimension + 1, dense, strided);
      if (zeroEnd != nullptr) {
        const std::ptrdiff_t gap = std::min<const std::byte*>(next, zeroEnd) - end;
        std::memset(end, 0, static_cast<std::size_t>(std::max<std::ptrdiff_t>(gap, 0)));
      }
      strided = next;
    }
    return strided;
  }
};

}  // namespace

bool fillOpen(Layout& layout) noexcept {
  return strided::fillOpen(layout.shape, layout.strides, layout.rank, layout.elementSize, 1);
}

std::int64_t denseSize(const Layout& layout) noexcept {
  return strided::denseSize(layout.shape, layout.rank, layout.elementSize);
}

std::optional<std::int64_t> spanOf(const Layout& layout) noexcept {
  const auto bounds = strided::boundsOf(layout.shape, layout.strides, layout.rank, layout.elementSize);
  return bounds ? std::optional(bounds->second) : std::nullopt;
}

bool isDense(const Layout& layout) noexcept { return denseSize(layout) == 0 || blocksOf(layout).outer == 0; }

void pack(const Layout& layout, const void* strided, void* dense) noexcept {
  auto* to = static_cast<std::byte*>(dense);
  if (denseSize(layout) != 0) {
    packFrom(layout, blocksOf(layout), 0, static_cast<const std::byte*>(strided), to);
  }
}

void unpack(const Layout& layout, const void* dense, void* strided, const void* zeroEnd) noexcept {
  const auto* from = static_cast<const std::byte*>(dense);
  if (denseSize(layout) != 0) {
    const Destination destination{layout, blocksOf(layout), static_cast<const std::byte*>(zeroEnd)};
    destination.write(0, from, static_cast<std::byte*>(strided));
  }
}

}  // namespace bpusim
