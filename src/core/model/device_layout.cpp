#include "core/model/device_layout.hpp"

#include <algorithm>

#include "core/driver/status.hpp"
#include "core/model/strides.hpp"
#include "strided.hpp"

namespace hbm {
namespace {

[[noreturn]] void refuse(ErrorKind kind, const Model& model, TensorRole role, std::size_t index,
                         const std::string& text) {
  const bool input = role == TensorRole::kInput;
  const TensorInfo& info = (input ? model.info.inputs : model.info.outputs)[index];
  throw Error(kind, place(model.info.name, input ? "input" : "output", info.name) + ": " + text,
              {"", 0, "", model.info.name, info.name});
}

// Strides that the driver left open at loading can, once they are filled, no longer fit into the fixed ones around
// them.
void checkKeptApart(const Model& model, TensorRole role, std::size_t index, const hbDNNTensorProperties& properties) {
  if (rowsDoNotOverlap(properties)) {
    return;
  }
  const TensorInfo& info = (role == TensorRole::kInput ? model.info.inputs : model.info.outputs)[index];
  const auto rank = static_cast<std::size_t>(properties.validShape.numDimensions);
  const std::vector<std::int64_t> shape(properties.validShape.dimensionSize,
                                        properties.validShape.dimensionSize + rank);
  refuse(info.dynamicShape ? ErrorKind::kShape : ErrorKind::kModel, model, role, index,
         "with the strides " + describeShape(properties.stride, rank) + " a tensor of shape " +
             describeShape(shape.data(), rank) + " would overlap itself; the model's own strides are " +
             describeShape(info.strides.data(), info.strides.size()) +
             (info.dynamicShape ? ", so give a smaller shape, or pack the model with larger strides"
                                : "; pack the model with larger ones"));
}

// Takes the dimensions from `shape` and fills the strides.
void complete(hbDNNTensorProperties& properties, const Model& model, TensorRole role, std::size_t index,
              const std::int64_t* shape) {
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
  checkKeptApart(model, role, index, properties);
}

}  // namespace

hbDNNTensorProperties completeProperties(const Model& model, TensorRole role, std::size_t index,
                                         const std::int64_t* shape) {
  hbDNNTensorProperties properties =
      (role == TensorRole::kInput ? model.inputProperties : model.outputProperties)[index];
  complete(properties, model, role, index, shape);
  return properties;
}

hbDNNTensorProperties otherProperties(const Model& model, TensorRole role, std::size_t index,
                                      const std::vector<std::int64_t>& shape) {
  hbDNNTensorProperties properties =
      (role == TensorRole::kInput ? model.inputProperties : model.outputProperties)[index];
  const std::size_t rank = shape.size();
  properties.alignedByteSize = -1;
  properties.validShape.numDimensions = static_cast<std::int32_t>(rank);
  std::fill_n(properties.stride, rank, std::int64_t{-1});
  if (rank > 0) {
    properties.stride[rank - 1] = static_cast<std::int64_t>(elementSize(static_cast<DataType>(properties.tensorType)));
  }
  complete(properties, model, role, index, shape.data());
  return properties;
}

std::int64_t requiredBytes(const Model& model, TensorRole role, std::size_t index,
                           const hbDNNTensorProperties& properties) {
  checkKeptApart(model, role, index, properties);
  const std::int64_t bytes = byteSize(properties);
  if (bytes < 0) {
    refuse(ErrorKind::kInput, model, role, index, "the tensor would not fit into memory");
  }
  return bytes;
}

std::int64_t denseBytes(const TensorView& view) {
  return strided::denseSize(view.shape.data(), view.rank, static_cast<std::int64_t>(elementSize(view.dtype)));
}

bool windowOf(const TensorView& view, const DeviceBlock& block, const Soc& soc, const hbDNNTensorProperties& reported,
              hbDNNTensorProperties& properties, hbUCPSysMem& memory) {
  hbDNNTensorProperties wanted = properties;
  std::int64_t inner = 0;  // bytes of one step of the next dimension inwards, with all that lies in it
  for (std::int32_t i = view.rank - 1; i >= 0; --i) {
    const std::int64_t stride = view.strides[static_cast<std::size_t>(i)];
    const std::int64_t size = wanted.validShape.dimensionSize[i];
    if (size != view.shape[static_cast<std::size_t>(i)]) {
      return false;
    }
    // A dynamic stride is the caller's choice as long as the device can take it and rows do not overlap. That of a
    // single element means nothing in the array; the device wants to see it as large as what lies in it.
    const bool open = reported.stride[i] < 0;
    if (size <= 1) {
      std::int64_t padded = std::max<std::int64_t>(wanted.stride[i], inner);
      if (open && !strided::roundUp(padded, soc.strideAlignment)) {
        return false;
      }
      wanted.stride[i] = open ? padded : wanted.stride[i];
    } else if (stride != wanted.stride[i]) {
      if (!open || stride % soc.strideAlignment != 0 || stride < std::max<std::int64_t>(wanted.stride[i], inner)) {
        return false;
      }
      wanted.stride[i] = stride;
    }
    if (size > 1 && wanted.stride[i] < inner) {
      return false;  // allocating memory of this layout throws the reason
    }
    inner = wanted.stride[i] * std::max<std::int64_t>(size, 1);
  }
  const auto offset =
      static_cast<std::uint64_t>(static_cast<const char*>(view.data) - static_cast<const char*>(block.memory.virAddr));
  const std::uint64_t left = block.memory.memSize - offset;
  // Dynamic tensors have no size of the model's that would have to be there beyond the last element.
  const std::int64_t bytes = reported.alignedByteSize < 0 ? extent(wanted) : byteSize(wanted);
  if (bytes < 0 || static_cast<std::uint64_t>(bytes) > left ||
      offset % static_cast<std::uint64_t>(soc.strideAlignment) != 0) {
    return false;
  }
  properties = wanted;
  memory = {block.memory.phyAddr + offset, const_cast<void*>(view.data), left};
  return true;
}

std::pair<std::int64_t, std::int64_t> spanOf(const TensorView& view, const DeviceBlock& block) {
  const std::int64_t offset = static_cast<const char*>(view.data) - static_cast<const char*>(block.memory.virAddr);
  const auto bounds = strided::boundsOf(view.shape.data(), view.strides.data(), view.rank,
                                        static_cast<std::int64_t>(elementSize(view.dtype)));
  if (!bounds || bounds->first == bounds->second) {
    return {0, 0};
  }
  return {offset + bounds->first, offset + bounds->second};
}

}  // namespace hbm
