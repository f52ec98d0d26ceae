#include "core/device_layout.hpp"

#include "core/status.hpp"
#include "core/strides.hpp"

namespace hbm {
namespace {

[[noreturn]] void refuse(ErrorKind kind, const Model& model, TensorRole role, std::size_t index, const char* text) {
  const bool input = role == TensorRole::kInput;
  const TensorInfo& info = (input ? model.info.inputs : model.info.outputs)[index];
  throw Error(kind, place(model.info.name, input ? "input" : "output", info.name) + ": " + text,
              {"", 0, "", model.info.name, info.name});
}

}  // namespace

hbDNNTensorProperties completeProperties(const Model& model, TensorRole role, std::size_t index,
                                         const std::int64_t* shape) {
  hbDNNTensorProperties properties =
      (role == TensorRole::kInput ? model.inputProperties : model.outputProperties)[index];
  for (std::int32_t i = 0; i < properties.validShape.numDimensions; ++i) {
    properties.validShape.dimensionSize[i] = static_cast<std::int32_t>(shape[i]);
    if (properties.validShape.dimensionSize[i] != shape[i]) {
      refuse(ErrorKind::kShape, model, role, index, "a dimension is larger than the driver can express");
    }
  }
  if (!fillStrides(properties, model.soc.strideAlignment)) {
    refuse(ErrorKind::kUnsupported, model, role, index,
           "its strides cannot be completed: the innermost one is dynamic, or they are too large");
  }
  return properties;
}

std::int64_t requiredBytes(const Model& model, TensorRole role, std::size_t index,
                           const hbDNNTensorProperties& properties) {
  const std::int64_t bytes = byteSize(properties);
  if (bytes < 0) {
    refuse(ErrorKind::kInput, model, role, index, "the tensor would not fit into memory");
  }
  return bytes;
}

std::shared_ptr<DeviceBlock> windowOf(const TensorView& view, const Soc& soc, const hbDNNTensorProperties& reported,
                                      hbDNNTensorProperties& properties, hbUCPSysMem& memory) {
  std::shared_ptr<DeviceBlock> block = findDeviceBlock(view.data);
  if (block == nullptr) {
    return nullptr;
  }
  hbDNNTensorProperties wanted = properties;
  for (std::int32_t i = 0; i < view.rank; ++i) {
    const std::int64_t stride = view.strides[static_cast<std::size_t>(i)];
    if (wanted.validShape.dimensionSize[i] <= 1 || stride == wanted.stride[i]) {
      continue;
    }
    // A dynamic stride is the caller's choice as long as the device can take it and rows do not overlap.
    if (reported.stride[i] >= 0 || stride % soc.strideAlignment != 0 || stride < wanted.stride[i]) {
      return nullptr;
    }
    wanted.stride[i] = stride;
  }
  const auto offset =
      static_cast<std::uint64_t>(static_cast<const char*>(view.data) - static_cast<const char*>(block->memory.virAddr));
  const std::uint64_t left = block->memory.memSize - offset;
  const std::int64_t bytes = byteSize(wanted);
  if (bytes < 0 || static_cast<std::uint64_t>(bytes) > left ||
      offset % static_cast<std::uint64_t>(soc.strideAlignment) != 0) {
    return nullptr;
  }
  properties = wanted;
  memory = {block->memory.phyAddr + offset, const_cast<void*>(view.data), left};
  return block;
}

}  // namespace hbm
