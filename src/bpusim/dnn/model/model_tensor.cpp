#include "dnn/model/model_tensor.hpp"

#include <algorithm>
#include <limits>

#include "dnn/base/error.hpp"
#include "dnn/base/hbucp.hpp"
#include "dnn/base/tensor_types.hpp"
#include "strided.hpp"

namespace bpusim {
namespace {

constexpr std::int64_t kDynamic = -1;
constexpr std::int64_t kLargest = std::numeric_limits<std::int64_t>::max();
// The one size in the public documentation that is padded: 4000 bytes are allocated as 4096.
constexpr std::int64_t kSizeUnit = 128;

[[nodiscard]] std::string shapeText(const std::vector<std::int64_t>& shape) {
  std::string text = "(";
  for (const std::int64_t dimension : shape) {
    text += (text.size() == 1 ? "" : ", ") + (dimension < 0 ? std::string("?") : std::to_string(dimension));
  }
  return text + ")";
}

void checkType(const EngineTensor& graph, bool output, const std::string& where) {
  if (graph.type < 0) {
    throw Error(HB_DNN_INCOMPATIBLE_MODEL,
                where + " is a " + graph.typeText +
                    ", which no tensor of this driver can be; change it in the ONNX file, for "
                    "example with a Cast");
  }
  // What an output declares can be wrong: its shape is known only after a run.
  if (!output && graph.shape.size() > HB_DNN_TENSOR_MAX_DIMENSIONS) {
    throw Error(HB_DNN_INCOMPATIBLE_MODEL,
                where + " has " + std::to_string(graph.shape.size()) + " dimensions, at most 10 are possible");
  }
}

// False for a shape that no tensor of this driver can have.
[[nodiscard]] bool isExpressible(const EngineTensor& graph) {
  std::int64_t bytes = elementSize(graph.type);
  return graph.shape.size() <= HB_DNN_TENSOR_MAX_DIMENSIONS &&
         std::all_of(graph.shape.begin(), graph.shape.end(), [&bytes](std::int64_t size) {
           return size <= std::numeric_limits<std::int32_t>::max() &&
                  !__builtin_mul_overflow(bytes, std::max<std::int64_t>(size, 1), &bytes);
         });
}

void setShape(ModelTensor& tensor, const std::vector<std::int64_t>& shape, const std::string& where) {
  hbDNNTensorShape& to = tensor.properties.validShape;
  to.numDimensions = static_cast<std::int32_t>(shape.size());
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] > std::numeric_limits<std::int32_t>::max()) {
      throw Error(HB_DNN_INCOMPATIBLE_MODEL, where + ": dimension " + std::to_string(shape[i]) + " is too large");
    }
    to.dimensionSize[i] = static_cast<std::int32_t>(std::max(shape[i], kDynamic));
    tensor.dynamic = tensor.dynamic || shape[i] < 0;
  }
}

// Who fills open strides keeps to the SoC's alignment; the given ones outside of them have to leave room for that.
void checkOpenStrides(const HostTensor& table, const std::string& where) {
  const std::int64_t alignment = tasks()->platform()->strideAlignment;
  std::int64_t least = 1;  // bytes of one step, with dimensions of one element where they are dynamic
  for (std::size_t i = table.strides.size(); i-- > 0;) {
    const bool open = table.strides[i] == kDynamic;
    const std::int64_t stride = open ? (least + alignment - 1) / alignment * alignment : table.strides[i];
    if (stride < least) {
      throw Error(HB_DNN_INCOMPATIBLE_MODEL, where + ": stride " + std::to_string(i) + " of " +
                                                 shapeText(table.strides) + " is " + std::to_string(stride) +
                                                 ", and with rows of " + std::to_string(alignment) +
                                                 " bytes, as this SoC needs them, at least " + std::to_string(least) +
                                                 " are needed; pack the model for this SoC");
    }
    if (stride > kLargest / std::max<std::int64_t>(table.shape[i], 1) - alignment) {
      throw Error(HB_DNN_INCOMPATIBLE_MODEL, where + " is too large");
    }
    least = stride * std::max<std::int64_t>(table.shape[i], 1);
  }
}

}  // namespace

std::int64_t paddedSize(std::int64_t size) noexcept {
  const std::int64_t units = size / kSizeUnit + (size % kSizeUnit != 0 ? 1 : 0);
  return std::max<std::int64_t>(units, 1) * kSizeUnit;
}

Layout layoutOf(const ModelTensor& tensor, const std::vector<std::int64_t>& shape) {
  const auto refuse = [&](const char* text) {
    throw Error(HB_DNN_RUN_TASK_FAILED, "output '" + tensor.name + "' has the shape " + shapeText(shape) + text);
  };
  if (shape.size() > HB_DNN_TENSOR_MAX_DIMENSIONS) {
    refuse("; a tensor of this driver has at most 10 dimensions");
  }
  const hbDNNTensorProperties& model = tensor.properties;
  Layout layout;
  layout.rank = static_cast<std::int32_t>(shape.size());
  layout.elementSize = elementSize(model.tensorType);
  const bool sameRank = tensor.rankKnown && layout.rank == model.validShape.numDimensions;
  const std::int64_t alignment = tensor.alignedStrides ? tasks()->platform()->strideAlignment : 1;
  std::int64_t inner = layout.elementSize;  // bytes of one step of this dimension, with all that lies in it
  for (std::int32_t i = layout.rank - 1; i >= 0; --i) {
    const std::int64_t size = shape[static_cast<std::size_t>(i)];
    if (size > std::numeric_limits<std::int32_t>::max()) {
      refuse("; a dimension of this driver's tensors has 31 bits");
    }
    layout.shape[i] = size;
    std::int64_t padded = inner;
    if (i < layout.rank - 1 && !strided::roundUp(padded, alignment)) {
      refuse(", which does not fit into memory");
    }
    layout.strides[i] = sameRank && model.stride[i] >= inner ? model.stride[i] : padded;
    if (__builtin_mul_overflow(layout.strides[i], std::max<std::int64_t>(size, 1), &inner)) {
      refuse(", which does not fit into memory");
    }
  }
  return layout;
}

hbDNNTensorProperties propertiesOf(const ModelTensor& tensor, const Layout& layout) {
  hbDNNTensorProperties properties = tensor.properties;
  properties.validShape.numDimensions = layout.rank;
  for (std::int32_t i = 0; i < layout.rank; ++i) {
    properties.validShape.dimensionSize[i] = static_cast<std::int32_t>(layout.shape[i]);
    properties.stride[i] = layout.strides[i];
  }
  properties.alignedByteSize = layout.rank == 0 ? layout.elementSize : layout.strides[0] * layout.shape[0];
  return properties;
}

ModelTensor tensorOf(const HostTensor& table, const EngineTensor& graph, bool output, const std::string& where) {
  checkType(graph, output, where);
  // The shape of an output is a declaration, which may be wrong. What an engine reports then, the declared one, the one
  // that it infers or none, depends on its version and its optimisations. The run delivers what there is.
  bool fits = table.dataType == graph.type;
  if (!output && !hasUnknownRank(table)) {
    fits = fits && table.shape.size() == graph.shape.size();
    for (std::size_t i = 0; fits && i < table.shape.size(); ++i) {
      fits = table.shape[i] == graph.shape[i] || table.shape[i] < 0 || graph.shape[i] < 0;
    }
  }
  if (!fits) {
    throw Error(HB_DNN_INVALID_MODEL, where + " is " + typeName(table.dataType) + " " + shapeText(table.shape) +
                                          " in the file's table and " + typeName(graph.type) + " " +
                                          shapeText(graph.shape) + " in its graph; pack the model again");
  }
  checkOpenStrides(table, where);
  ModelTensor tensor;
  tensor.name = table.name;
  tensor.graphName = table.graphName;
  tensor.description = table.description;
  tensor.scales = table.scales;
  tensor.zeroPoints = table.zeroPoints;
  tensor.symbols = graph.symbols;
  tensor.symbols.resize(table.shape.size());
  tensor.alignedStrides = true;
  setShape(tensor, table.shape, where);
  hbDNNTensorProperties& properties = tensor.properties;
  properties.tensorType = table.dataType;
  properties.quantiType = static_cast<hbDNNQuantiType>(table.quantiType);
  properties.quantizeAxis = table.quantiAxis;
  properties.scale = {static_cast<std::int32_t>(tensor.scales.size()),
                      tensor.scales.empty() ? nullptr : tensor.scales.data(),
                      static_cast<std::int32_t>(tensor.zeroPoints.size()),
                      tensor.zeroPoints.empty() ? nullptr : tensor.zeroPoints.data()};
  properties.alignedByteSize = table.alignedSize;
  std::copy(table.strides.begin(), table.strides.end(), properties.stride);
  tensor.rankKnown = !hasUnknownRank(table);
  tensor.dynamic =
      tensor.dynamic || !tensor.rankKnown || std::count(table.strides.begin(), table.strides.end(), kDynamic) != 0;
  return tensor;
}

void leaveShapeToRun(ModelTensor& tensor) {
  tensor.rankKnown = false;
  tensor.dynamic = true;
  tensor.properties.alignedByteSize = kDynamic;
}

ModelTensor tensorOf(const EngineTensor& graph, bool output, const std::string& where) {
  checkType(graph, output, where);
  ModelTensor tensor;
  tensor.name = graph.name;
  tensor.graphName = graph.name;
  hbDNNTensorProperties& properties = tensor.properties;
  properties.tensorType = graph.type;
  properties.quantiType = NONE;
  properties.quantizeAxis = -1;
  if (output && !isExpressible(graph)) {
    leaveShapeToRun(tensor);
    return tensor;
  }
  tensor.symbols = graph.symbols;
  setShape(tensor, graph.shape, where);
  // Strides outside of a dynamic dimension depend on it.
  std::int64_t stride = elementSize(graph.type);
  for (std::size_t i = graph.shape.size(); i-- > 0;) {
    properties.stride[i] = stride;
    if (graph.shape[i] < 0 || stride < 0) {
      stride = kDynamic;
    } else if (__builtin_mul_overflow(stride, std::max<std::int64_t>(graph.shape[i], 1), &stride)) {
      throw Error(HB_DNN_INCOMPATIBLE_MODEL, where + " is too large");
    }
  }
  const bool empty = std::count(graph.shape.begin(), graph.shape.end(), 0) != 0;
  properties.alignedByteSize = tensor.dynamic ? kDynamic : paddedSize(empty ? 0 : stride);
  if (!tensor.dynamic && properties.alignedByteSize < stride && !empty) {
    throw Error(HB_DNN_INCOMPATIBLE_MODEL, where + " is too large");
  }
  return tensor;
}

}  // namespace bpusim
