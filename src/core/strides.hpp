// The one place that computes strides and sizes of tensors in device memory.
#pragma once

#include <cstdint>

#include "hobot/dnn/hb_dnn.h"

namespace hbm {

// Fills the strides that are -1, from the innermost dimension outwards, each rounded up to `alignment` bytes. Shape
// must be complete. False on overflow or when the innermost stride is -1.
[[nodiscard]] bool fillStrides(hbDNNTensorProperties& properties, std::int64_t alignment);

// Bytes to allocate: alignedByteSize when it is given and no dimension or stride was dynamic, else what shape and
// strides span. -1 on overflow.
[[nodiscard]] std::int64_t byteSize(const hbDNNTensorProperties& properties);

}  // namespace hbm
