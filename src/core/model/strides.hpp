// Strides and sizes of tensors that the driver describes, by the arithmetic of abi/strided.hpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "hobot/dnn/hb_dnn.h"

namespace hbm {

// A shape or strides in messages: "[1, 3, -1]".
[[nodiscard]] std::string describeShape(const std::int64_t* shape, std::size_t rank);

// Fills the strides that are -1, from the innermost dimension outwards, each rounded up to `alignment` bytes. Shape
// must be complete. False on overflow or when the innermost stride is -1.
[[nodiscard]] bool fillStrides(hbDNNTensorProperties& properties, std::int64_t alignment);

// Bytes to allocate: alignedByteSize where it is given, but never less than shape and strides span; -1 when they cannot
// tell and it is not given, and on overflow.
[[nodiscard]] std::int64_t byteSize(const hbDNNTensorProperties& properties);

// Bytes from the first element to the end of the last one; -1 when a dimension or stride is dynamic, and on overflow.
[[nodiscard]] std::int64_t extent(const hbDNNTensorProperties& properties);

// True if elements with different indices lie at different places and none of their places overflows. Dynamic
// dimensions count as one step, dynamic strides as the smallest that fit.
[[nodiscard]] bool rowsDoNotOverlap(const hbDNNTensorProperties& properties);

}  // namespace hbm
