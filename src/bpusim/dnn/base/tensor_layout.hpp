// Shapes and strides of tensors: how much memory they span, and copies between dense and strided memory.
#pragma once

#include <cstdint>
#include <optional>

#include "hobot/dnn/hb_dnn.h"

namespace bpusim {

struct Layout {
  std::int32_t rank = 0;
  std::int64_t elementSize = 1;
  std::int64_t shape[HB_DNN_TENSOR_MAX_DIMENSIONS] = {};
  std::int64_t strides[HB_DNN_TENSOR_MAX_DIMENSIONS] = {};  // bytes
};

// Sets the strides that are -1 so that they leave no gaps. Fails when the tensor does not fit into 63 bits.
[[nodiscard]] bool fillOpen(Layout& layout) noexcept;

// Bytes without gaps.
[[nodiscard]] std::int64_t denseSize(const Layout& layout) noexcept;

// Bytes from the first to the last element; nothing when they do not fit into 63 bits.
[[nodiscard]] std::optional<std::int64_t> spanOf(const Layout& layout) noexcept;

// True if the elements lie one after the other. Strides over dimensions of one element do not matter.
[[nodiscard]] bool isDense(const Layout& layout) noexcept;

// dense[...] = strided[...]
void pack(const Layout& layout, const void* strided, void* dense) noexcept;

// strided[...] = dense[...]. With zeroEnd the gaps between strided and zeroEnd are set to zero.
void unpack(const Layout& layout, const void* dense, void* strided, const void* zeroEnd) noexcept;

}  // namespace bpusim
