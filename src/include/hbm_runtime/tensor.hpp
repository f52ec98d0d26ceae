// Tensors at the border: inputs that the caller owns, outputs that own device memory.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "hbm_runtime/types.hpp"

namespace hbm {

// A caller's array of any layout. The memory must stay as it is until it was copied: until run() or start() returns.
struct TensorView {
  const void* data = nullptr;
  DataType dtype = DataType::kMax;
  std::int32_t rank = -1;  // -1: no tensor given
  std::array<std::int64_t, kMaxDimensions> shape{};
  std::array<std::int64_t, kMaxDimensions> strides{};  // bytes; may be negative or zero
};

// An output in device memory. Copies share the memory; it goes back to its pool when the last one dies, which may be
// after the runtime.
struct OutputTensor {
  void* data = nullptr;
  DataType dtype = DataType::kMax;
  std::vector<std::int64_t> shape;
  std::vector<std::int64_t> strides;  // bytes, as the driver reports them
  std::shared_ptr<void> owner;
};

}  // namespace hbm
