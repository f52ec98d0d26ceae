#include "dnn/run/tensor_binding.hpp"

#include <algorithm>

#include "dnn/base/error.hpp"
#include "dnn/base/hbucp.hpp"
#include "dnn/base/tensor_types.hpp"

namespace bpusim {
namespace {

struct Place {
  const std::string& model;
  const char* role;
  const ModelTensor& tensor;
};

[[noreturn]] void refuse(const Place& place, const std::string& text, std::int32_t status = HB_DNN_INVALID_ARGUMENT) {
  throw Error(status, "model '" + place.model + "', " + place.role + " '" + place.tensor.name + "': " + text);
}

void checkShape(const Place& place, const hbDNNTensorShape& given, bool mayBeOpen) {
  const hbDNNTensorShape& wanted = place.tensor.properties.validShape;
  bool fits = given.numDimensions == wanted.numDimensions;
  bool open = false;
  for (std::int32_t i = 0; fits && i < wanted.numDimensions; ++i) {
    const std::int32_t size = given.dimensionSize[i];
    open = open || (wanted.dimensionSize[i] < 0 && size < 0);
    fits = wanted.dimensionSize[i] < 0 ? size >= -1 : size == wanted.dimensionSize[i];
  }
  if (!fits) {
    refuse(place, "the shape given is " + shapeText(given) + ", the model has " + shapeText(wanted));
  }
  if (open && !mayBeOpen) {
    refuse(place, "fill the dynamic dimensions (-1) of " + shapeText(given));
  }
}

// Strides from the inside out; returns whether some are left open. An open one is at least what lies in it.
[[nodiscard]] bool checkStrides(const Place& place, const hbDNNTensorProperties& given, bool mayBeOpen,
                                Layout& layout) {
  const hbDNNTensorProperties& model = place.tensor.properties;
  bool open = false;
  std::int64_t least = layout.elementSize;  // bytes that one step of the dimension has to span
  for (std::int32_t i = layout.rank - 1; i >= 0; --i) {
    const std::int64_t stride = given.stride[i];
    const std::int64_t steps = std::max<std::int64_t>(layout.shape[i], 0);
    layout.strides[i] = stride;
    if (stride == -1 && model.stride[i] < 0 && mayBeOpen) {
      open = true;
      if (__builtin_mul_overflow(least, steps, &least)) {
        refuse(place, "its size does not fit into memory");
      }
      continue;
    }
    if (stride == -1) {
      refuse(place, "fill the dynamic stride " + std::to_string(i) + " (-1)");
    }
    if (i == layout.rank - 1) {
      if (stride != layout.elementSize) {
        refuse(place, "the innermost stride is " + std::to_string(stride) + ", an element has " +
                          std::to_string(layout.elementSize) + " bytes");
      }
    } else if (stride < least) {
      refuse(place, "stride " + std::to_string(i) + " is " + std::to_string(stride) + ", at least " +
                        std::to_string(least) + " is needed");
    }
    // Checked for inputs only: outputs may have whatever the caller has room for.
    const std::int64_t alignment = tasks()->platform()->strideAlignment;
    if (!mayBeOpen && model.stride[i] < 0 && place.tensor.alignedStrides && stride % alignment != 0) {
      refuse(place, "stride " + std::to_string(i) + " is " + std::to_string(stride) +
                        "; strides of inputs that the caller chooses are multiples of " + std::to_string(alignment) +
                        " on this SoC");
    }
    if (__builtin_mul_overflow(stride, steps, &least)) {
      refuse(place, "its size does not fit into memory");
    }
  }
  return open;
}

void bindMemory(const Place& place, const hbUCPSysMem& memory, std::uint64_t needed, TensorBinding& binding) {
  if (memory.memSize < needed) {
    refuse(place,
           "its memory has " + std::to_string(memory.memSize) + " bytes, the tensor spans " + std::to_string(needed));
  }
  if (needed == 0) {
    return;
  }
  if (memory.virAddr == nullptr) {
    refuse(place, "its memory is NULL");
  }
  const std::shared_ptr<const void> block = tasks()->memoryAt(memory.virAddr, needed);
  if (block == nullptr) {
    refuse(place, "its memory does not lie inside one live allocation of hbUCPMalloc", HB_UCP_MEM_MAP_FAIL);
  }
  binding.hasMemory = true;
  binding.block = block;
}

[[nodiscard]] TensorBinding bind(const Place& place, const hbDNNTensor& given, bool mayBeOpen) {
  TensorBinding binding;
  binding.tensor = &place.tensor;
  binding.data = given.sysMem.virAddr;
  binding.window = given.sysMem.memSize;
  const hbDNNTensorProperties& properties = given.properties;
  const hbDNNTensorProperties& model = place.tensor.properties;
  if (properties.tensorType != model.tensorType) {
    refuse(place, std::string("its type is given as ") + typeName(properties.tensorType) + ", the model has " +
                      typeName(model.tensorType));
  }
  Layout& layout = binding.layout;
  layout.elementSize = elementSize(model.tensorType);
  if (!place.tensor.rankKnown) {
    binding.open = true;
    bindMemory(place, given.sysMem, given.sysMem.memSize, binding);
    return binding;
  }
  checkShape(place, properties.validShape, mayBeOpen);
  layout.rank = model.validShape.numDimensions;
  for (std::int32_t i = 0; i < layout.rank; ++i) {
    layout.shape[i] = properties.validShape.dimensionSize[i];
    // The engine reports the dimensions that the model leaves open in an output, whatever the caller expects.
    binding.open = binding.open || (mayBeOpen && model.validShape.dimensionSize[i] < 0);
  }
  const bool openStrides = checkStrides(place, properties, mayBeOpen, layout);
  if (binding.open) {
    bindMemory(place, given.sysMem, given.sysMem.memSize, binding);
    return binding;
  }
  if (openStrides && !fillOpen(layout)) {
    refuse(place, "its size does not fit into memory");
  }
  const std::optional<std::int64_t> span = spanOf(layout);
  if (!span.has_value()) {
    refuse(place, "its size does not fit into memory");
  }
  bindMemory(place, given.sysMem, static_cast<std::uint64_t>(*span), binding);
  return binding;
}

}  // namespace

TensorBinding bindInput(const ModelTensor& tensor, const hbDNNTensor& given, const std::string& model) {
  return bind({model, "input", tensor}, given, false);
}

TensorBinding bindOutput(const ModelTensor& tensor, const hbDNNTensor& given, bool mayBeKept,
                         const std::string& model) {
  if (!mayBeKept || given.sysMem.virAddr != nullptr || given.sysMem.memSize != 0) {
    return bind({model, "output", tensor}, given, true);
  }
  TensorBinding binding;
  binding.tensor = &tensor;
  binding.given = false;
  binding.open = true;
  binding.layout.elementSize = elementSize(tensor.properties.tensorType);
  return binding;
}

void checkInputShape(const ModelTensor& tensor, const hbDNNTensorShape& shape, const std::string& model) {
  checkShape({model, "input", tensor}, shape, false);
}

std::string closeBinding(TensorBinding& binding, const std::vector<std::int64_t>& shape) {
  Layout layout = binding.layout;
  if (shape.size() > HB_DNN_TENSOR_MAX_DIMENSIONS) {
    return "the result has " + std::to_string(shape.size()) + " dimensions, at most 10 are possible";
  }
  const auto rank = static_cast<std::int32_t>(shape.size());
  if (!binding.tensor->rankKnown) {
    std::fill_n(layout.strides, rank, std::int64_t{-1});
  } else if (rank != layout.rank || (!binding.open && !std::equal(shape.begin(), shape.end(), layout.shape))) {
    return "the result has the shape " + shapeText(shape) + ", the model declares " +
           shapeText(binding.tensor->properties.validShape);
  }
  layout.rank = rank;
  std::copy(shape.begin(), shape.end(), layout.shape);
  std::int64_t least = layout.elementSize;
  for (std::int32_t i = rank - 1; i >= 0; --i) {
    std::int64_t& stride = layout.strides[i];
    stride = stride == -1 ? least : stride;
    if (stride < least) {
      return "stride " + std::to_string(i) + " is " + std::to_string(stride) + ", the result needs " +
             std::to_string(least);
    }
    if (__builtin_mul_overflow(stride, std::max<std::int64_t>(layout.shape[i], 1), &least)) {
      return "the result does not fit into memory";
    }
  }
  const std::optional<std::int64_t> span = spanOf(layout);
  if (!span.has_value() || static_cast<std::uint64_t>(*span) > binding.window) {
    return "the result spans " + (span.has_value() ? std::to_string(*span) : "too many") + " bytes, its memory has " +
           std::to_string(binding.window);
  }
  binding.layout = layout;
  binding.open = false;
  return "";
}

bool isDeclared(const ModelTensor& tensor, const std::vector<std::int64_t>& shape) noexcept {
  const hbDNNTensorShape& declared = tensor.properties.validShape;
  bool same = !tensor.rankKnown || static_cast<std::size_t>(declared.numDimensions) == shape.size();
  for (std::size_t i = 0; same && tensor.rankKnown && i < shape.size(); ++i) {
    same = declared.dimensionSize[i] < 0 || declared.dimensionSize[i] == shape[i];
  }
  return same;
}

std::string shapeText(const hbDNNTensorShape& shape) {
  const std::int32_t rank = std::clamp(shape.numDimensions, 0, HB_DNN_TENSOR_MAX_DIMENSIONS);
  return shapeText(std::vector<std::int64_t>(shape.dimensionSize, shape.dimensionSize + rank));
}

std::string shapeText(const std::vector<std::int64_t>& shape) {
  std::string text = "(";
  for (const std::int64_t size : shape) {
    text += (text.size() == 1 ? "" : ", ") + std::to_string(size);
  }
  return text + ")";
}

}  // namespace bpusim
