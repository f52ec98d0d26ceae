// What is known about a model after loading. Immutable.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "hbm_runtime/export.hpp"
#include "hbm_runtime/types.hpp"

namespace hbm {

// real = (stored - zeroPoint) * scale. Lists are empty, of length 1, or as long as the axis.
struct QuantInfo {
  QuantType type = QuantType::kNone;
  std::int32_t axis = 0;
  std::vector<float> scales;
  std::vector<std::int32_t> zeroPoints;
};

struct TensorInfo {
  std::string name;
  std::string description;
  DataType dtype = DataType::kMax;
  std::vector<std::int64_t> shape;    // -1: dynamic
  std::vector<std::int64_t> strides;  // bytes; -1: dynamic
  std::int64_t alignedByteSize = -1;  // bytes to allocate; -1: depends on the call
  QuantInfo quant;
  bool dynamicShape = false;    // derived: a dimension is -1, or the rank is unknown (no dimensions and no size)
  bool dynamicStrides = false;  // derived: a stride is -1
};

struct ModelInfo {
  std::string name;
  std::string description;
  std::int32_t compileCores = 1;  // cores that the model was compiled for
  std::vector<TensorInfo> inputs;
  std::vector<TensorInfo> outputs;
};

// Position of a tensor among the inputs or outputs of a model. Throws Error (kInput) that lists the valid names.
[[nodiscard]] HBM_API std::size_t tensorIndex(const std::vector<TensorInfo>& tensors, const std::string& name);

}  // namespace hbm
