// Copies between arrays of any layout.
#pragma once

#include <cstdint>

namespace hbm {

// Copies shape[0] x ... x shape[rank-1] elements. Neither side needs to be aligned; source strides may be negative or
// zero. The sides must not overlap.
void copyElements(void* destination, const std::int64_t* destinationStrides, const void* source,
                  const std::int64_t* sourceStrides, const std::int64_t* shape, std::int32_t rank,
                  std::int64_t elementSize);

// Sets to zero every byte of [memory, memory + size) that no element of the tensor covers. Strides are not negative and
// do not overlap, as those of the device are.
void zeroPadding(void* memory, std::int64_t size, const std::int64_t* strides, const std::int64_t* shape,
                 std::int32_t rank, std::int64_t elementSize);

}  // namespace hbm
