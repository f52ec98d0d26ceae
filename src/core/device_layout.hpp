// Layout of one tensor in device memory for one call.
#pragma once

#include <cstdint>
#include <memory>

#include "core/memory_pool.hpp"
#include "core/model.hpp"
#include "hbm_runtime/tensor.hpp"

namespace hbm {

// The driver's properties of a tensor with dynamic dimensions taken from `shape` (as many as the tensor has) and
// dynamic strides filled. Throws Error when that is not possible.
[[nodiscard]] hbDNNTensorProperties completeProperties(const Model& model, TensorRole role, std::size_t index,
                                                       const std::int64_t* shape);

// Bytes that the tensor needs. Throws Error when they cannot be counted.
[[nodiscard]] std::int64_t requiredBytes(const Model& model, TensorRole role, std::size_t index,
                                         const hbDNNTensorProperties& properties);

// When the view lies in device memory that was shown to the caller, with strides that the device takes: sets the
// strides in `properties` and the window in `memory`, and returns the block. nullptr otherwise.
[[nodiscard]] std::shared_ptr<DeviceBlock> windowOf(const TensorView& view, const Soc& soc,
                                                    const hbDNNTensorProperties& reported,
                                                    hbDNNTensorProperties& properties, hbUCPSysMem& memory);

}  // namespace hbm
