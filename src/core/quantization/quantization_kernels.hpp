// The inner loops of quantization.cpp, on dense elements.
#pragma once

#include <cstdint>

#include "hbm_runtime/types.hpp"

namespace hbm {

// Converts `count` elements; element i has scales[i] and zeroPoints[i]. Neither side needs to be aligned.
using QuantKernel = void (*)(const char* from, char* to, const float* scales, const std::int32_t* zeroPoints,
                             std::int64_t count);

// How far zero points reach: the further, the wider the arithmetic.
enum class ZeroPoints : std::uint8_t { kNone, kSmall, kAny };
inline constexpr std::int32_t kSmallZeroPoint = 1 << 30;

// From an integer type of up to 32 bits to F32; nullptr for other types.
[[nodiscard]] QuantKernel dequantizeKernel(DataType stored, ZeroPoints zeroPoints, bool wide);

// From any type to F32, as its values are.
[[nodiscard]] QuantKernel convertKernel(DataType type);

// From F32 or F64 to an integer type of up to 32 bits; nullptr for other types.
[[nodiscard]] QuantKernel quantizeKernel(DataType real, DataType stored, bool wide);

[[nodiscard]] float halfToFloat(std::uint16_t bits);

}  // namespace hbm
