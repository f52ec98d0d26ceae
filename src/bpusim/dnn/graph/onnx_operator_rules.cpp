#include "dnn/graph/onnx_operator_rules.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "dnn/graph/onnx_constant_walk.hpp"
#include "dnn/graph/onnx_node.hpp"
#include "dnn/graph/onnx_quantised_rules.hpp"
#include "dnn/graph/onnx_rule_parts.hpp"
#include "dnn/graph/onnx_values.hpp"
#include "dnn/graph/onnx_wire.hpp"

namespace bpusim {
namespace {

using Node = OnnxFullNode;

// Says what is wrong; "" when nothing is.
using Check = std::string (*)(const Node& node, const OnnxValues& values);

[[nodiscard]] std::string scaleIsPositive(const Node& node, const OnnxValues& /*values*/) {
  const float scale = node.real("scale", 1.0F);
  return scale > 0 ? "" : "scale must be above 0, given: " + std::to_string(scale);
}

[[nodiscard]] std::string lowIsBelowHigh(const Node& node, const OnnxValues& /*values*/) {
  const float low = node.real("low", 0.0F);
  const float high = node.real("high", 1.0F);
  return low <= high
             ? ""
             : "low must not be above high, given: low " + std::to_string(low) + ", high " + std::to_string(high);
}

[[nodiscard]] std::string batchDimensions(const Node& node, const OnnxValues& /*values*/) {
  constexpr std::int64_t kMaxBatchDims = 64;  // more dimensions than tensors have
  const std::int64_t count = node.integer("batch_dims").value_or(0);
  if (count < 0) {
    return "batch_dims must be at least 0, given: " + std::to_string(count);
  }
  return count <= kMaxBatchDims ? ""
                                : "batch_dims must be below the rank of the inputs, given: " + std::to_string(count);
}

[[nodiscard]] std::string axisIsLeftOut(const Node& node, const OnnxValues& /*values*/) {
  return node.inputs.size() < 3 || node.isGiven(2)
             ? ""
             : "an axis that is not used must be left out, given: " + whichInput(node, 2) + " without a name";
}

[[nodiscard]] std::string partsForOutputs(const Node& node, const OnnxValues& /*values*/) {
  const std::optional<std::int64_t> parts = node.integer("num_outputs");
  const auto outputs = static_cast<std::int64_t>(node.outputs.size());
  return !parts.has_value() || *parts >= outputs ? ""
                                                 : "num_outputs must be the number of outputs, " +
                                                       std::to_string(outputs) + ", given: " + std::to_string(*parts);
}

// For 16-bit floats, and for constants, whose first element is read even if there is none.
[[nodiscard]] std::string pictureIsFilled(const Node& node, const OnnxValues& values) {
  const OnnxKnownValue* const x = known(node, 0, values);
  return x == nullptr || (x->type != kOnnxFloat16 && x->constant.empty()) || x->shape.size() < 3 || x->shape[0] == 0 ||
                 std::find(x->shape.begin() + 2, x->shape.end(), 0) == x->shape.end()
             ? ""
             : "of 16-bit floats and of constants, no dimension behind the second one may be 0, given: shape " +
                   text(x->shape) + " of " + whichInput(node, 0);
}

[[nodiscard]] std::string biasIsLeftOut(const Node& node, const OnnxValues& /*values*/) {
  return node.inputs.size() < 3 || node.isGiven(2)
             ? ""
             : "a bias that is not used must be left out, given: " + whichInput(node, 2) + " without a name";
}

[[nodiscard]] std::string isNotEmptyBeside(const Node& node, const OnnxValues& values) {
  const std::optional<std::int64_t> axis = node.integer("axis");
  const OnnxKnownValue* const x = known(node, 0, values);
  if (!axis.has_value() || x == nullptr || !hasNoElements(*x)) {
    return "";
  }
  const auto rank = static_cast<std::int64_t>(x->shape.size());
  const std::int64_t place = *axis < 0 ? *axis + rank : *axis;
  return place < 0 || place >= rank || x->shape[static_cast<std::size_t>(place)] <= 0
             ? ""
             : "slices along an axis must have elements, given: shape " + text(x->shape) + ", axis " +
                   std::to_string(*axis);
}

[[nodiscard]] std::string sequences(const Node& node, const OnnxValues& values, bool batchAlone) {
  const OnnxKnownValue* const x = known(node, 0, values);
  if (x == nullptr || x->shape.size() != 3 || node.integer("layout").value_or(0) != 0 ||
      !(batchAlone ? x->shape[1] == 0 : hasNoElements(*x))) {
    return "";
  }
  return std::string(batchAlone ? "the batch (second dimension)" : "no dimension") + " of " + whichInput(node, 0) +
         (batchAlone ? " must not be 0" : " may be 0") + ", given: shape " + text(x->shape);
}

[[nodiscard]] std::string gruInput(const Node& node, const OnnxValues& values) {
  return sequences(node, values, false);
}

[[nodiscard]] std::string lstmInput(const Node& node, const OnnxValues& values) {
  return sequences(node, values, true);
}

[[nodiscard]] std::string skipIsFilled(const Node& node, const OnnxValues& values) {
  const OnnxKnownValue* const x = known(node, 0, values);
  const OnnxKnownValue* const skip = known(node, 1, values);
  return x == nullptr || skip == nullptr || hasNoElements(*x) || !hasNoElements(*skip)
             ? ""
             : "what is added needs elements, given: shape " + text(skip->shape) + " of " + whichInput(node, 1);
}

// The engine reads the size of the second one whatever the rank is.
[[nodiscard]] std::string positionsHaveTwoDimensions(const Node& node, const OnnxValues& values) {
  constexpr std::size_t kPositions = 8;
  const OnnxKnownValue* const positions = known(node, kPositions, values);
  return positions == nullptr || positions->shape.size() >= 2
             ? ""
             : "positions need two dimensions, given: shape " + text(positions->shape) + " of " +
                   whichInput(node, kPositions);
}

[[nodiscard]] std::string divisorIsNotZero(const Node& node, const OnnxValues& values) {
  const OnnxKnownValue* const divisor = known(node, 1, values);
  if (divisor == nullptr || divisor->constant.empty()) {
    return "";
  }
  const auto below = integersOf(divisor->constant);
  return below.has_value() && std::find(below->begin(), below->end(), 0) != below->end()
             ? "integers cannot be divided by 0, given: a 0 in " + whichInput(node, 1)
             : "";
}

[[nodiscard]] std::string quotientExists(const Node& node, const OnnxValues& values) {
  if (std::string zero = divisorIsNotZero(node, values); !zero.empty()) {
    return zero;
  }
  const OnnxKnownValue* const dividend = known(node, 0, values);
  const OnnxKnownValue* const divisor = known(node, 1, values);
  if (dividend == nullptr || divisor == nullptr || dividend->constant.empty() || divisor->constant.empty()) {
    return "";
  }
  const auto above = integersOf(dividend->constant);
  const auto below = integersOf(divisor->constant);
  if (!above.has_value() || !below.has_value() || above->empty() || below->empty() ||
      (dividend->shape != divisor->shape && above->size() != 1 && below->size() != 1)) {
    return "";
  }
  const std::int64_t least = requireConstant(dividend->constant).type == 7 ? std::numeric_limits<std::int64_t>::min()
                                                                           : std::numeric_limits<std::int32_t>::min();
  for (std::size_t i = 0; i < std::max(above->size(), below->size()); ++i) {
    if (above->at(above->size() == 1 ? 0 : i) == least && below->at(below->size() == 1 ? 0 : i) == -1) {
      return "the quotient must be an integer of the type, given: " + std::to_string(least) + " / -1";
    }
  }
  return "";
}

struct Rule {
  std::string_view domain;
  std::string_view type;
  Check check;
  Filled filled = Filled::kNothing;  // of the first input, when it runs
};

constexpr std::string_view kOnnx = "";
constexpr std::string_view kMicrosoft = "com.microsoft";

// What makes ONNX Runtime end the process, found by tests/bad_graphs.
constexpr Rule kRules[] = {
    {kOnnx, "Min", everyInputIsGiven},
    {kOnnx, "Max", everyInputIsGiven},
    {kOnnx, "Sum", everyInputIsGiven},
    {kOnnx, "Mean", everyInputIsGiven},
    {kOnnx, "RandomNormal", scaleIsPositive},
    {kOnnx, "RandomNormalLike", scaleIsPositive},
    {kOnnx, "RandomUniform", lowIsBelowHigh},
    {kOnnx, "RandomUniformLike", lowIsBelowHigh},
    {kOnnx, "GatherND", batchDimensions},
    {kOnnx, "LayerNormalization", biasIsLeftOut},
    {kOnnx, "DFT", axisIsLeftOut},
    {kOnnx, "Split", partsForOutputs},
    {kOnnx, "InstanceNormalization", pictureIsFilled, Filled::kPicture},
    {kOnnx, "Unique", isNotEmptyBeside, Filled::kBesideAxis},
    {kOnnx, "GRU", gruInput, Filled::kEverything},
    {kOnnx, "LSTM", lstmInput, Filled::kBatch},
    {kOnnx, "Div", quotientExists},
    {kOnnx, "Mod", divisorIsNotZero},
    {kMicrosoft, "QLinearConcat", concatInputs},
    {kMicrosoft, "QLinearWhere", whereInputs},
    {kMicrosoft, "QLinearSigmoid", hasFiveInputs},
    {kMicrosoft, "QLinearLeakyRelu", hasFiveInputs},
    {kMicrosoft, "QLinearSoftmax", parametersOfOne},
    {kMicrosoft, "QLinearAveragePool", averagePool},
    {kMicrosoft, "QLinearGlobalAveragePool", parametersOfOne},
    {kMicrosoft, "QLinearReduceMean", parametersOfOne},
    {kMicrosoft, "QLinearAdd", parametersOfTwo},
    {kMicrosoft, "QLinearMul", parametersOfTwo},
    {kMicrosoft, "SkipLayerNormalization", skipIsFilled},
    {kMicrosoft, "SkipSimplifiedLayerNormalization", skipIsFilled},
    {kMicrosoft, "EmbedLayerNormalization", positionsHaveTwoDimensions},
    {kMicrosoft, "DynamicQuantizeMatMul", dynamicMatMul},
    {kMicrosoft, "MatMulIntegerToFloat", matMulToFloat},
};

[[nodiscard]] const Rule* ruleOf(const Node& node) {
  const std::string_view domain = node.domain == "ai.onnx" ? kOnnx : node.domain;
  const auto* const found = std::find_if(std::begin(kRules), std::end(kRules), [&](const Rule& rule) {
    return rule.domain == domain && rule.type == node.type;
  });
  return found == std::end(kRules) ? nullptr : found;
}

[[nodiscard]] std::string nameOf(const Node& node) {
  const std::string output(node.outputs.empty() ? std::string_view() : node.outputs.front());
  const std::string name = node.name.empty() ? "that computes '" + output + "'" : "'" + std::string(node.name) + "'";
  return "node " + name + " (" + std::string(node.type) + ")";
}

void check(const Rule& rule, const Node& node, const OnnxValues& values) {
  const std::string wrong = rule.check(node, values);
  if (wrong.empty()) {
    return;
  }
  const std::string output(node.outputs.empty() ? std::string_view() : node.outputs.front());
  throw Error(HB_DNN_INCOMPATIBLE_MODEL,
              nameOf(node) + ": " + wrong + "; the engine would end the process instead of refusing the model", "",
              output);
}

}  // namespace

void checkOperators(std::string_view model) {
  // Names inside of functions are their own: there only the nodes themselves tell.
  const OnnxValues nothing;
  std::optional<OnnxValues> values;
  forEachField(model, [&](const WireField& field) {
    const bool graph = isBytes(field, onnx_field::kModelGraph);
    if (!graph && !isBytes(field, onnx_field::kModelFunction)) {
      return;
    }
    forEachNode(field.payload, graph ? OnnxPart::kGraph : OnnxPart::kFunction, [&](std::string_view message) {
      const Node node = readFullNode(message);
      const Rule* const rule = ruleOf(node);
      if (rule == nullptr) {
        return;
      }
      if (graph && !values.has_value()) {
        values.emplace(model);
      }
      check(*rule, node, graph ? *values : nothing);
    });
  });
}

namespace {

// For a node that no rule refuses as it stands.
[[nodiscard]] std::optional<FilledInput> filledInput(const Rule& rule, const Node& node) {
  if (rule.filled == Filled::kNothing || !node.isGiven(0)) {
    return std::nullopt;
  }
  const std::optional<std::int64_t> axis = node.integer("axis");
  const bool isRecurrent = rule.filled == Filled::kBatch || rule.filled == Filled::kEverything;
  if ((isRecurrent && node.integer("layout").value_or(0) != 0) || (rule.filled == Filled::kBesideAxis && !axis)) {
    return std::nullopt;
  }
  return FilledInput{std::string(node.inputs[0]), rule.filled, axis.value_or(0), nameOf(node)};
}

}  // namespace

std::vector<FilledInput> filledInputs(std::string_view model) {
  std::vector<FilledInput> filled;
  forEachField(model, [&](const WireField& field) {
    if (!isBytes(field, onnx_field::kModelGraph)) {
      return;
    }
    forEachNode(field.payload, OnnxPart::kGraph, [&](std::string_view message) {
      const Node node = readFullNode(message);
      const Rule* const rule = ruleOf(node);
      if (std::optional<FilledInput> found = rule == nullptr ? std::nullopt : filledInput(*rule, node)) {
        filled.push_back(*std::move(found));
      }
    });
  });
  return filled;
}

bool isFilled(const FilledInput& rule, const std::int64_t* shape, std::int32_t rank, bool isFloat16) {
  const auto empty = [&](std::int32_t from) { return std::find(shape + from, shape + rank, 0) != shape + rank; };
  switch (rule.filled) {
    case Filled::kNothing:
      return true;
    case Filled::kBatch:
      return rank != 3 || shape[1] != 0;
    case Filled::kEverything:
      return rank != 3 || !empty(0);
    case Filled::kPicture:
      return !isFloat16 || rank < 3 || !empty(2);
    case Filled::kBesideAxis: {
      const std::int64_t axis = rule.axis < 0 ? rule.axis + rank : rule.axis;
      return axis < 0 || axis >= rank || shape[axis] == 0 || !empty(0);
    }
  }
  return true;
}

}  // namespace bpusim
