#include "dnn/loading/plugin_limits.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <unordered_map>

#include "dnn/engine/ort_api.hpp"
#include "dnn/graph/onnx_graph.hpp"
#include "dnn/graph/onnx_wire.hpp"

namespace bpusim {
namespace {

// Operators whose results on ONNX's own test cases were those of unoptimised ONNX Runtime. These compute: only numbers
// with a decimal point and truth values are certain, integers saturate or lose their upper half.
constexpr std::string_view kComputing[] = {
    "Abs",         "Add",
    "And",         "ArgMax",
    "ArgMin",      "AveragePool",
    "Ceil",        "Clip",
    "Conv",        "ConvTranspose",
    "Cos",         "BatchNormalization",
    "Div",         "Elu",
    "Equal",       "Erf",
    "Exp",         "Floor",
    "Gelu",        "Gemm",
    "Greater",     "GreaterOrEqual",
    "HardSigmoid", "GlobalAveragePool",
    "HardSwish",   "LRN",
    "LeakyRelu",   "Less",
    "LessOrEqual", "GlobalMaxPool",
    "Log",         "LogSoftmax",
    "MatMul",      "Max",
    "MaxPool",     "GroupNormalization",
    "Mean",        "Min",
    "Mish",        "Mul",
    "Neg",         "InstanceNormalization",
    "Not",         "Or",
    "PRelu",       "Pow",
    "Reciprocal",  "LayerNormalization",
    "ReduceL2",    "ReduceMax",
    "ReduceMean",  "ReduceMin",
    "ReduceProd",  "LpNormalization",
    "ReduceSum",   "Relu",
    "Resize",      "Round",
    "Selu",        "ThresholdedRelu",
    "Sigmoid",     "Sign",
    "Sin",         "Softmax",
    "Softplus",    "Softsign",
    "Sqrt",        "Sub",
    "Sum",         "Swish",
    "Tanh",        "Upsample",
    "Xor",
};
// These pass values on as they are, or convert them.
constexpr std::string_view kMoving[] = {
    "Cast",      "Concat",  "Constant",       "ConstantOfShape", "DepthToSpace",   "DequantizeLinear",
    "Expand",    "Flatten", "Gather",         "GatherND",        "GatherElements", "Identity",
    "NonZero",   "Pad",     "Range",          "Reshape",         "ScatterND",      "Shape",
    "Size",      "Slice",   "Split",          "Squeeze",         "Tile",           "Transpose",
    "Unsqueeze", "Where",   "QuantizeLinear",
};

// Settings of those operators that gave other results or none. Numbers are compared as text.
struct Setting {
  std::string_view type;
  std::string_view attribute;
  std::string_view value;
};
constexpr Setting kWrongSettings[] = {
    {"MaxPool", "ceil_mode", "1"},
    {"Pad", "mode", "wrap"},
    {"Resize", "antialias", "1"},
    {"Resize", "mode", "cubic"},
    {"Resize", "coordinate_transformation_mode", "half_pixel_symmetric"},
    {"Resize", "coordinate_transformation_mode", "tf_crop_and_resize"},
    {"Resize", "keep_aspect_ratio_policy", "not_larger"},
    {"Resize", "keep_aspect_ratio_policy", "not_smaller"},
};

// Operators whose second input must not be computed by the run.
constexpr std::string_view kConstantSecond[] = {"Tile",      "Unsqueeze", "Split",      "ReduceL2",  "ReduceMax",
                                                "ReduceMin", "ReduceSum", "ReduceMean", "ReduceProd"};

// Operators whose integers are places or sizes, which are small.
constexpr std::string_view kCounting[] = {"Shape", "Size", "ArgMax", "ArgMin", "NonZero"};

constexpr std::uint32_t kConstantNumbers = 7;  // int64_data of TensorProto
constexpr std::uint32_t kAttributeName = 1;
constexpr std::uint32_t kAttributeNumber = 3;
constexpr std::uint32_t kAttributeText = 4;

template <std::size_t count>
[[nodiscard]] bool isIn(const std::string_view (&list)[count], std::string_view type) {
  return std::find(std::begin(list), std::end(list), type) != std::end(list);
}

struct Value {
  std::int32_t type = 0;  // ort::ElementType, 0 when it is not known
  bool constant = false;  // known before the run
  bool counted = false;   // constants, sizes and places, or made of nothing else
  bool wide = false;      // a constant that 32 bits do not hold
  bool signed8 = false;   // real numbers that were signed 8-bit ones
};

[[nodiscard]] bool isWide(std::int64_t number) {
  return number > std::numeric_limits<std::int32_t>::max() || number < std::numeric_limits<std::int32_t>::min();
}

[[nodiscard]] bool hasWideNumbers(std::string_view constant) {
  bool wide = false;
  forEachField(constant, [&](const WireField& field) {
    if (field.number == kConstantNumbers && field.type == kWireVarint) {
      wide = wide || isWide(static_cast<std::int64_t>(field.value));
    } else if (isBytes(field, kConstantNumbers)) {
      WireReader packed(field.payload);
      while (const std::optional<std::uint64_t> number = packed.number()) {
        wide = wide || isWide(static_cast<std::int64_t>(*number));
      }
    } else if (isBytes(field, onnx_field::kConstantRaw)) {
      for (std::size_t i = 0; i + sizeof(std::int64_t) <= field.payload.size(); i += sizeof(std::int64_t)) {
        std::int64_t number = 0;
        std::memcpy(&number, field.payload.data() + i, sizeof number);
        wide = wide || isWide(number);
      }
    }
  });
  return wide;
}

[[nodiscard]] Value constantValue(std::string_view message) {
  const OnnxConstant constant = requireConstant(message);
  Value value;
  value.type = static_cast<std::int32_t>(constant.type);
  value.constant = true;
  value.counted = true;
  value.wide = value.type == ort::kInt64 && hasWideNumbers(message);
  return value;
}

[[nodiscard]] bool isReal(std::int32_t type) { return type == ort::kFloat || type == ort::kFloat16; }

[[nodiscard]] std::string quoted(std::string_view text) { return "'" + std::string(text) + "'"; }

// Walks over a graph in its order, which is that of computing.
class Judge {
 public:
  explicit Judge(const std::vector<EngineTensor>& tensors) {
    for (const EngineTensor& tensor : tensors) {
      values_[tensor.name].type = tensor.elementType;
    }
  }

  void addConstant(std::string_view message) { values_[requireConstant(message).name] = constantValue(message); }

  // An input that callers may leave out: its constant is a default only.
  void addInput(std::string_view name) {
    Value& value = values_[name];
    value.constant = false;
    value.counted = false;
  }

  // "" for a node that may stay.
  [[nodiscard]] std::string judge(const OnnxNode& node) {
    const bool computing = isIn(kComputing, node.type);
    if (!(node.domain.empty() || node.domain == "ai.onnx") || (!computing && !isIn(kMoving, node.type))) {
      return "operator " + std::string(node.type) + " is not among those that were compared with ONNX Runtime's";
    }
    std::string reason = judgeSettings(node);
    if (reason.empty()) {
      conclude(node);
      reason = judgeTypes(node, computing);
    }
    return reason;
  }

 private:
  [[nodiscard]] std::string judgeSettings(const OnnxNode& node) const {
    for (const std::string_view attribute : node.attributes) {
      std::string_view name;
      std::string value;
      forEachField(attribute, [&](const WireField& field) {
        if (isBytes(field, kAttributeName)) {
          name = field.payload;
        } else if (isBytes(field, kAttributeText)) {
          value = field.payload;
        } else if (field.number == kAttributeNumber && field.type == kWireVarint) {
          value = std::to_string(static_cast<std::int64_t>(field.value));
        }
      });
      for (const Setting& wrong : kWrongSettings) {
        if (wrong.type == node.type && wrong.attribute == name && wrong.value == value) {
          return std::string(node.type) + " with " + std::string(name) + " " + value + " gives other results";
        }
      }
    }
    if (isIn(kConstantSecond, node.type) && node.inputs.size() > 1 && !node.inputs[1].empty() &&
        !of(node.inputs[1]).constant) {
      return std::string(node.type) + " gives other results where " + quoted(node.inputs[1]) +
             " is computed by the run";
    }
    if (node.type == "Concat" &&
        std::any_of(node.inputs.begin(), node.inputs.end(), [&](std::string_view name) { return of(name).signed8; })) {
      return "Concat of signed 8-bit tensors with different scales gives other results; packing the model for "
             "bytes mends it";
    }
    return "";
  }

  // What is known of the node's outputs.
  void conclude(const OnnxNode& node) {
    Value value;
    value.constant = true;
    value.counted = true;
    for (const std::string_view name : node.inputs) {
      const Value& input = of(name);
      value.constant = value.constant && (name.empty() || input.constant);
      value.counted = value.counted && (name.empty() || input.counted);
      value.wide = value.wide || input.wide;
      value.signed8 = value.signed8 || input.signed8;
    }
    if (node.type == "Constant") {
      for (const std::string_view attribute : node.attributes) {
        forEachField(attribute, [&](const WireField& field) {
          if (isBytes(field, onnx_field::kAttributeConstant)) {
            value.wide = constantValue(field.payload).wide;
          }
        });
      }
    }
    if (node.type == "DequantizeLinear") {
      value.signed8 = !value.constant && of(node.inputs.front()).type == ort::kInt8;
    } else if (node.type == "Conv" || node.type == "ConvTranspose" || node.type == "Gemm" || node.type == "MatMul") {
      value.signed8 = false;  // sums, which have no scale of their own
    }
    value.counted = value.counted || isIn(kCounting, node.type);
    for (const std::string_view name : node.outputs) {
      value.type = of(name).type;
      values_[name] = value;
    }
  }

  [[nodiscard]] std::string judgeTypes(const OnnxNode& node, bool computing) const {
    const bool counted = std::all_of(node.outputs.begin(), node.outputs.end(),
                                     [&](std::string_view name) { return name.empty() || of(name).counted; });
    for (const bool isInput : {true, false}) {
      for (const std::string_view name : isInput ? node.inputs : node.outputs) {
        const Value& value = of(name);
        if (name.empty()) {
          continue;
        }
        if (value.wide && node.type != "Slice" && !(value.constant && !computing)) {
          return "constant " + quoted(name) + " has numbers that 32 bits do not hold";
        }
        if (value.type == ort::kInt64 && !value.counted) {
          return "int64 tensor " + quoted(name) + " would be computed as int32";
        }
        if (value.type == ort::kDouble) {
          return "float64 tensor " + quoted(name) + " would be computed as float32";
        }
        const bool known = value.type == 0 || isReal(value.type) || value.type == ort::kInt64 ||
                           value.type == ort::kBool || value.type == ort::kInt8 || value.type == ort::kUint8 ||
                           value.type == ort::kInt16 || value.type == ort::kUint16 || value.type == ort::kInt32;
        if (!known) {
          return "tensor " + quoted(name) + " has a type that is not computed exactly";
        }
        if (computing && isInput && !counted && value.type != 0 && !isReal(value.type) && value.type != ort::kBool &&
            !value.constant) {
          return std::string(node.type) + " of integers (tensor " + quoted(name) + ") saturates or loses digits";
        }
      }
    }
    return "";
  }

  [[nodiscard]] const Value& of(std::string_view name) const {
    static const Value nothing;
    const auto found = values_.find(name);
    return found == values_.end() ? nothing : found->second;
  }

  std::unordered_map<std::string_view, Value> values_;
};

}  // namespace

std::string whyNoPlugin(std::string_view model, const std::vector<EngineTensor>& tensors) {
  const std::optional<OnnxGraph> graph = readOnnx(model);
  if (!graph.has_value()) {
    return "the graph cannot be read";
  }
  Judge judge(tensors);
  forEachField(model, [&](const WireField& field) {
    if (isBytes(field, onnx_field::kModelGraph)) {
      forEachField(field.payload, [&](const WireField& part) {
        if (isBytes(part, onnx_field::kGraphInitializer)) {
          judge.addConstant(part.payload);
        }
      });
    }
  });
  for (const OnnxValue& input : graph->inputs) {
    judge.addInput(input.name);
  }
  for (const OnnxNode& node : graph->nodes) {
    if (std::string reason = judge.judge(node); !reason.empty()) {
      return reason;
    }
  }
  return "";
}

}  // namespace bpusim
