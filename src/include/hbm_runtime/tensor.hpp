// Tensors at the border: inputs that the caller owns, outputs that own device memory.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "hbm_runtime/types.hpp"

namespace hbm {

// A caller's array of any layout: an input, or memory for an output, which is then written. Plain memory must stay as
// it is until it was copied (inputs: until run() or start() returns; outputs: until the request has ended).
struct TensorView {
  const void* data = nullptr;
  DataType dtype = DataType::kMax;
  std::int32_t rank = -1;  // -1: no tensor given
  std::array<std::int64_t, kMaxDimensions> shape{};
  std::array<std::int64_t, kMaxDimensions> strides{};  // bytes; may be negative or zero
};

// A tensor in device memory. Copies share the memory; it goes back to its pool when the last one dies, which may be
// after the runtime. Views into it are used in place where their layout is the device's.
struct DeviceTensor {
  void* data = nullptr;
  DataType dtype = DataType::kMax;
  std::vector<std::int64_t> shape;
  std::vector<std::int64_t> strides;  // bytes, as the driver reports them
  std::shared_ptr<void> owner;        // empty for an output that went to plain memory of the caller
};

// A view of a dense array, the last dimension innermost. Throws Error (kInput): more than kMaxDimensions, a negative
// dimension, an element type without a whole number of bytes.
[[nodiscard]] HBM_API TensorView denseView(const void* data, DataType dtype, const std::vector<std::int64_t>& shape);

[[nodiscard]] HBM_API TensorView viewOf(const DeviceTensor& tensor);

// True if an address lies in a tensor that Runtime::allocate made.
[[nodiscard]] HBM_API bool isDeviceMemory(const void* address);

}  // namespace hbm
