// Converts between stored and real values: real = (stored - zeroPoint) * scale.
#pragma once

#include "hbm_runtime/export.hpp"
#include "hbm_runtime/model_info.hpp"
#include "hbm_runtime/tensor.hpp"

namespace hbm {

// Writes the real values of `stored` to `real`, F32 of the same shape and of any strides; the two must not overlap.
// float(stored - zeroPoint) * scale, with an exact difference. Elements are S8, U8, S16, U16, S32 or U32. Floating
// elements are real already: they are converted, whatever `quant` says; so is every type when `quant` is kNone.
// Throws Error (kInput).
HBM_API void dequantize(const TensorView& stored, const QuantInfo& quant, const TensorView& real);

// Writes the values that stand for those of `real` (F16, F32 or F64) to `stored` (S8 to U32), of the same shape and of
// any strides; the two must not overlap. clip(nearbyint(real / scale + zeroPoint)): the quotient has the precision of
// `real`, but at least single; the sum is exact to double precision; halves go to the even neighbour; what does not
// fit, infinities included, becomes the smallest or biggest number. NaN becomes what stands for 0. With kNone the scale
// is 1. Throws Error (kInput).
HBM_API void quantize(const TensorView& real, const QuantInfo& quant, const TensorView& stored);

}  // namespace hbm
