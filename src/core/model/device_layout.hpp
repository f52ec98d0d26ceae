// Layout of one tensor in device memory for one call.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "core/memory/memory_pool.hpp"
#include "core/model/model.hpp"
#include "hbm_runtime/tensor.hpp"

namespace hbm {

// The driver's properties of a tensor with dynamic dimensions taken from `shape` (as many as the tensor has) and
// dynamic strides filled. Throws Error when that is not possible.
[[nodiscard]] hbDNNTensorProperties completeProperties(const Model& model, TensorRole role, std::size_t index,
                                                       const std::int64_t* shape);

// The same for a shape that the model does not declare, of at most kMaxDimensions: all strides are filled.
[[nodiscard]] hbDNNTensorProperties otherProperties(const Model& model, TensorRole role, std::size_t index,
                                                    const std::vector<std::int64_t>& shape);

// Bytes that the tensor needs. Throws Error when they cannot be counted.
[[nodiscard]] std::int64_t requiredBytes(const Model& model, TensorRole role, std::size_t index,
                                         const hbDNNTensorProperties& properties);

// Bytes of the elements alone.
[[nodiscard]] std::int64_t denseBytes(const TensorView& view);

// True if the device can use a view into `block` where it is: shape and strides are those of `properties`, or strides
// that `reported` leaves open. Then sets the strides in `properties` and the window in `memory`.
[[nodiscard]] bool windowOf(const TensorView& view, const DeviceBlock& block, const Soc& soc,
                            const hbDNNTensorProperties& reported, hbDNNTensorProperties& properties,
                            hbUCPSysMem& memory);

// First byte and end of what a view into `block` covers, from the block's start.
[[nodiscard]] std::pair<std::int64_t, std::int64_t> spanOf(const TensorView& view, const DeviceBlock& block);

}  // namespace hbm
