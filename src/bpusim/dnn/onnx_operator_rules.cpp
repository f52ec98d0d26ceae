#include "onnx_operator_rules.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "onnx_constant_walk.hpp"
#include "onnx_node.hpp"
#include "onnx_values.hpp"
#include "onnx_wire.hpp"

namespace bpusim {
namespace {

using Node = OnnxFullNode;

// Says what is wrong; "" when nothing is.
using Check = std::string (*)(const Node& node, const OnnxValues& values);

[[nodiscard]] const OnnxKnownValue* known(const Node& node, std::size_t index, const OnnxValues& values) {
  return node.isGiven(index) ? values.find(node.inputs[index]) : nullptr;
}

[[nodiscard]] bool hasNoElements(const OnnxKnownValue& value) {
  return std::find(value.shape.begin(), value.shape.end(), 0) != value.shape.end();
}

[[nodiscard]] std::string text(const std::vector<std::int64_t>& shape) {
  std::string all;
  for (const std::int64_t size : shape) {
    all += (all.empty() ? "" : ", ") + (size == kUnknownDimension ? "?" : std::to_string(size));
  }
  return "[" + all + "]";
}

[[nodiscard]] std::string whichInput(const Node& node, std::size_t index) {
  return "input " + std::to_string(index) + (node.isGiven(index) ? " '" + std::string(node.inputs[index]) + "'" : "");
}

[[nodiscard]] std::string everyInputIsGiven(const Node& node, const OnnxValues& /*values*/) {
  for (std::size_t i = 0; i < node.inputs.size(); ++i) {
    if (!node.isGiven(i)) {
      return "every input needs a value, given: none for " + whichInput(node, i);
    }
  }
  return "";
}

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
  const std::int64_t count = node.integer("batch_dims").value_or(0);
  return count >= 0 ? "" : "batch_dims must be at least 0, given: " + std::to_string(count);
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

[[nodiscard]] std::string scalesHaveElements(const Node& node, const OnnxValues& values,
                                             const std::vector<std::size_t>& places) {
  for (const std::size_t i : places) {
    const OnnxKnownValue* const value = known(node, i, values);
    if (value != nullptr && hasNoElements(*value)) {
      return "scales and zero points need a value, given: " + whichInput(node, i) + " of shape " + text(value->shape);
    }
  }
  return "";
}

[[nodiscard]] std::string parametersOfOne(const Node& node, const OnnxValues& values) {
  return scalesHaveElements(node, values, {1, 2, 3, 4});
}

[[nodiscard]] std::string parametersOfTwo(const Node& node, const OnnxValues& values) {
  return scalesHaveElements(node, values, {1, 2, 4, 5, 6, 7});
}

[[nodiscard]] std::string hasFiveInputs(const Node& node, const OnnxValues& values) {
  return node.inputs.size() >= 5 ? parametersOfOne(node, values)
                                 : "5 inputs are expected, of which the zero points may be empty, given: " +
                                       std::to_string(node.inputs.size());
}

[[nodiscard]] std::string concatInputs(const Node& node, const OnnxValues& values) {
  std::string missing = everyInputIsGiven(node, values);
  if (!missing.empty()) {
    return missing;
  }
  std::vector<std::size_t> scales = {0, 1};
  for (std::size_t i = 2; i < node.inputs.size(); ++i) {
    if (i % 3 != 2) {
      scales.push_back(i);
    }
  }
  return scalesHaveElements(node, values, scales);
}

[[nodiscard]] std::string whereInputs(const Node& node, const OnnxValues& values) {
  for (const std::size_t i : {3U, 6U, 8U}) {
    if (node.isGiven(i) && values.isInput(node.inputs[i])) {
      return "zero points must be constants, given: " + whichInput(node, i) + ", an input of the graph";
    }
  }
  return scalesHaveElements(node, values, {2, 3, 5, 6, 7, 8});
}

// A scale for each column needs columns.
[[nodiscard]] std::string columnScale(const Node& node, const OnnxValues& values, std::size_t scale) {
  const OnnxKnownValue* const b = known(node, 1, values);
  const OnnxKnownValue* const scales = known(node, scale, values);
  if (b == nullptr || b->shape.size() != 1 || scales == nullptr || scales->shape.empty() ||
      std::all_of(scales->shape.begin(), scales->shape.end(), [](std::int64_t size) { return size == 1; })) {
    return "";
  }
  return "a vector as " + whichInput(node, 1) + " takes one scale, given: shape " + text(scales->shape) + " of " +
         whichInput(node, scale);
}

[[nodiscard]] std::string dynamicMatMul(const Node& node, const OnnxValues& values) {
  std::string empty = scalesHaveElements(node, values, {2, 3});
  return empty.empty() ? columnScale(node, values, 2) : empty;
}

[[nodiscard]] std::string matMulToFloat(const Node& node, const OnnxValues& values) {
  for (std::string wrong : {scalesHaveElements(node, values, {2, 3}), columnScale(node, values, 2)}) {
    if (!wrong.empty()) {
      return wrong;
    }
  }
  return columnScale(node, values, 3);
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

// What of the first input must have elements when it runs.
enum class Filled : std::uint8_t { kNothing, kBatch, kEverything };

struct Rule {
  std::string_view domain;
  std::string_view type;
  Check check;
  Filled filled = Filled::kNothing;
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
    {kOnnx, "Unique", isNotEmptyBeside},
    {kOnnx, "GRU", gruInput, Filled::kEverything},
    {kOnnx, "LSTM", lstmInput, Filled::kBatch},
    {kOnnx, "Div", quotientExists},
    {kOnnx, "Mod", divisorIsNotZero},
    {kMicrosoft, "QLinearConcat", concatInputs},
    {kMicrosoft, "QLinearWhere", whereInputs},
    {kMicrosoft, "QLinearSigmoid", hasFiveInputs},
    {kMicrosoft, "QLinearLeakyRelu", hasFiveInputs},
    {kMicrosoft, "QLinearSoftmax", parametersOfOne},
    {kMicrosoft, "QLinearAveragePool", parametersOfOne},
    {kMicrosoft, "QLinearGlobalAveragePool", parametersOfOne},
    {kMicrosoft, "QLinearReduceMean", parametersOfOne},
    {kMicrosoft, "QLinearAdd", parametersOfTwo},
    {kMicrosoft, "QLinearMul", parametersOfTwo},
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

std::vector<FilledInput> filledInputs(std::string_view model) {
  std::vector<FilledInput> filled;
  forEachField(model, [&](const WireField& field) {
    if (!isBytes(field, onnx_field::kModelGraph)) {
      return;
    }
    forEachNode(field.payload, OnnxPart::kGraph, [&](std::string_view message) {
      const Node node = readFullNode(message);
      const Rule* const rule = ruleOf(node);
      if (rule != nullptr && rule->filled != Filled::kNothing && node.isGiven(0) &&
          node.integer("layout").value_or(0) == 0) {
        filled.push_back({std::string(node.inputs[0]), rule->filled == Filled::kBatch, nameOf(node)});
      }
    });
  });
  return filled;
}

}  // namespace bpusim
