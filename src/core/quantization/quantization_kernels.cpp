#include "core/quantization/quantization_kernels.hpp"

#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

#include "core/base/vector_target.hpp"

namespace hbm {
namespace {

template <class T>
HBM_KERNEL T load(const char* from, std::int64_t index) {
  T value;
  std::memcpy(&value, from + index * static_cast<std::int64_t>(sizeof(T)), sizeof(T));
  return value;
}

template <class T>
HBM_KERNEL void store(char* to, std::int64_t index, T value) {
  std::memcpy(to + index * static_cast<std::int64_t>(sizeof(T)), &value, sizeof(T));
}

// The difference is exact in Difference, so that only its conversion to float and the product round.
template <class T, class Difference>
HBM_KERNEL void dequantizeLoop(const char* from, char* to, const float* scales, const std::int32_t* zeroPoints,
                               std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) {
    const Difference difference = static_cast<Difference>(load<T>(from, i)) - static_cast<Difference>(zeroPoints[i]);
    store<float>(to, i, static_cast<float>(difference) * scales[i]);
  }
}

template <class T, class Difference>
void dequantizeBase(const char* from, char* to, const float* scales, const std::int32_t* zeroPoints,
                    std::int64_t count) {
  dequantizeLoop<T, Difference>(from, to, scales, zeroPoints, count);
}

template <class T, class Difference>
HBM_WIDE void dequantizeWide(const char* from, char* to, const float* scales, const std::int32_t* zeroPoints,
                             std::int64_t count) {
  dequantizeLoop<T, Difference>(from, to, scales, zeroPoints, count);
}

// Adding it to a double leaves the double's integer in the lowest bits, rounded half to even; exact within 2^51.
constexpr double kRounder = 6755399441055744.0;  // 1.5 * 2^52

template <class Real, class T>
HBM_KERNEL void quantizeLoop(const char* from, char* to, const float* scales, const std::int32_t* zeroPoints,
                             std::int64_t count) {
  constexpr auto lowest = static_cast<double>(std::numeric_limits<T>::min());
  constexpr auto highest = static_cast<double>(std::numeric_limits<T>::max());
  for (std::int64_t i = 0; i < count; ++i) {
    const Real quotient = load<Real>(from, i) / static_cast<Real>(scales[i]);
    const auto zeroPoint = static_cast<double>(zeroPoints[i]);
    double value = static_cast<double>(quotient) + zeroPoint;
    value = value == value ? value : zeroPoint;
    value = value < lowest ? lowest : value;
    value = value > highest ? highest : value;
    value += kRounder;
    std::uint64_t bits = 0;
    std::memcpy(&bits, &value, sizeof(bits));
    store<T>(to, i, static_cast<T>(bits));
  }
}

template <class Real, class T>
void quantizeBase(const char* from, char* to, const float* scales, const std::int32_t* zeroPoints, std::int64_t count) {
  quantizeLoop<Real, T>(from, to, scales, zeroPoints, count);
}

template <class Real, class T>
HBM_WIDE void quantizeWide(const char* from, char* to, const float* scales, const std::int32_t* zeroPoints,
                           std::int64_t count) {
  quantizeLoop<Real, T>(from, to, scales, zeroPoints, count);
}

template <class T>
QuantKernel dequantizeFrom(ZeroPoints zeroPoints, bool wide) {
  // The type that holds every difference exactly.
  constexpr bool wideElements = sizeof(T) == 4;
  constexpr bool isUnsigned32 = std::is_same_v<T, std::uint32_t>;
  if (isUnsigned32 || zeroPoints == ZeroPoints::kAny || (wideElements && zeroPoints != ZeroPoints::kNone)) {
    return wide ? &dequantizeWide<T, double> : &dequantizeBase<T, double>;
  }
  return wide ? &dequantizeWide<T, std::int32_t> : &dequantizeBase<T, std::int32_t>;
}

template <class T>
QuantKernel quantizeTo(DataType real, bool wide) {
  switch (real) {
    case DataType::kF32:
      return wide ? &quantizeWide<float, T> : &quantizeBase<float, T>;
    case DataType::kF64:
      return wide ? &quantizeWide<double, T> : &quantizeBase<double, T>;
    default:
      return nullptr;
  }
}

template <class T>
void convert(const char* from, char* to, const float* /*scales*/, const std::int32_t* /*zeroPoints*/,
             std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) {
    store<float>(to, i, static_cast<float>(load<T>(from, i)));
  }
}

void convertHalf(const char* from, char* to, const float* /*scales*/, const std::int32_t* /*zeroPoints*/,
                 std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) {
    store<float>(to, i, halfToFloat(load<std::uint16_t>(from, i)));
  }
}

}  // namespace

QuantKernel dequantizeKernel(DataType stored, ZeroPoints zeroPoints, bool wide) {
  switch (stored) {
    case DataType::kS8:
      return dequantizeFrom<std::int8_t>(zeroPoints, wide);
    case DataType::kU8:
      return dequantizeFrom<std::uint8_t>(zeroPoints, wide);
    case DataType::kS16:
      return dequantizeFrom<std::int16_t>(zeroPoints, wide);
    case DataType::kU16:
      return dequantizeFrom<std::uint16_t>(zeroPoints, wide);
    case DataType::kS32:
      return dequantizeFrom<std::int32_t>(zeroPoints, wide);
    case DataType::kU32:
      return dequantizeFrom<std::uint32_t>(zeroPoints, wide);
    default:
      return nullptr;
  }
}

QuantKernel quantizeKernel(DataType real, DataType stored, bool wide) {
  switch (stored) {
    case DataType::kS8:
      return quantizeTo<std::int8_t>(real, wide);
    case DataType::kU8:
      return quantizeTo<std::uint8_t>(real, wide);
    case DataType::kS16:
      return quantizeTo<std::int16_t>(real, wide);
    case DataType::kU16:
      return quantizeTo<std::uint16_t>(real, wide);
    case DataType::kS32:
      return quantizeTo<std::int32_t>(real, wide);
    case DataType::kU32:
      return quantizeTo<std::uint32_t>(real, wide);
    default:
      return nullptr;
  }
}

QuantKernel convertKernel(DataType type) {
  switch (type) {
    case DataType::kS8:
      return &convert<std::int8_t>;
    case DataType::kU8:
    case DataType::kBool8:
      return &convert<std::uint8_t>;
    case DataType::kF16:
      return &convertHalf;
    case DataType::kS16:
      return &convert<std::int16_t>;
    case DataType::kU16:
      return &convert<std::uint16_t>;
    case DataType::kF32:
      return &convert<float>;
    case DataType::kS32:
      return &convert<std::int32_t>;
    case DataType::kU32:
      return &convert<std::uint32_t>;
    case DataType::kF64:
      return &convert<double>;
    case DataType::kS64:
      return &convert<std::int64_t>;
    case DataType::kU64:
      return &convert<std::uint64_t>;
    default:
      return nullptr;
  }
}

float halfToFloat(std::uint16_t bits) {
  constexpr std::uint32_t kMantissa = 0x3FF;
  constexpr std::uint32_t kExponent = 0x1F;
  const std::uint32_t sign = static_cast<std::uint32_t>(bits & 0x8000U) << 16U;
  const std::uint32_t exponent = (bits >> 10U) & kExponent;
  const std::uint32_t mantissa = bits & kMantissa;
  if (exponent == 0) {  // zero and denormals: mantissa * 2^-24
    const float value = std::ldexp(static_cast<float>(mantissa), -24);
    return sign != 0 ? -value : value;
  }
  const std::uint32_t wideExponent = exponent == kExponent ? 0xFFU : exponent + 112U;
  const std::uint32_t wide = sign | (wideExponent << 23U) | (mantissa << 13U);
  float value = 0;
  std::memcpy(&value, &wide, sizeof(value));
  return value;
}

}  // namespace hbm
