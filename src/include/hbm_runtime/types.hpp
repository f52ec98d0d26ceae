// Element types and quantisation types of tensors, with the values of the driver's ABI.
#pragma once

#include <cstddef>
#include <cstdint>

#include "hbm_runtime/export.hpp"

namespace hbm {

// Tensors have at most this many dimensions (HB_DNN_TENSOR_MAX_DIMENSIONS).
inline constexpr std::int32_t kMaxDimensions = 10;

enum class DataType : std::int32_t {
  kS4 = 0,
  kU4 = 1,
  kS8 = 2,
  kU8 = 3,
  kF16 = 4,
  kS16 = 5,
  kU16 = 6,
  kF32 = 7,
  kS32 = 8,
  kU32 = 9,
  kF64 = 10,
  kS64 = 11,
  kU64 = 12,
  kBool8 = 13,
  kMax = 14,
};

enum class QuantType : std::int32_t { kNone = 0, kScale = 1 };

// Bytes of one element; 0 for types without a whole number of bytes (S4, U4) and for values outside the enumeration.
[[nodiscard]] HBM_API std::size_t elementSize(DataType type) noexcept;

// "F32"; "?" for values outside the enumeration.
[[nodiscard]] HBM_API const char* dataTypeName(DataType type) noexcept;

// The name that numpy has for it, "float32"; "" where numpy has none.
[[nodiscard]] HBM_API const char* numpyName(DataType type) noexcept;

}  // namespace hbm
