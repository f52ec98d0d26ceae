#include "dnn/graph/onnx_quantised_rules.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dnn/graph/onnx_rule_parts.hpp"

namespace bpusim {
namespace {

[[nodiscard]] std::string scalesHaveElements(const OnnxFullNode& node, const OnnxValues& values,
                                             const std::vector<std::size_t>& places) {
  for (const std::size_t i : places) {
    const OnnxKnownValue* const value = known(node, i, values);
    if (value != nullptr && hasNoElements(*value)) {
      return "scales and zero points need a value, given: " + whichInput(node, i) + " of shape " + text(value->shape);
    }
  }
  return "";
}

// True if nothing is known of the value, or it has this size so many dimensions before its last one.
[[nodiscard]] bool hasSize(const OnnxKnownValue* value, std::size_t fromLast, std::int64_t size) {
  return value == nullptr ||
         (fromLast < value->shape.size() && value->shape[value->shape.size() - 1 - fromLast] == size);
}

// The product is multiplied with such a scale in place, which must not make it larger: a column of it belongs to one of
// the second factor, a row to one of the first.
[[nodiscard]] std::string scaleOfProduct(const OnnxFullNode& node, const OnnxValues& values, std::size_t scale) {
  const OnnxKnownValue* const scales = known(node, scale, values);
  if (scales == nullptr ||
      std::all_of(scales->shape.begin(), scales->shape.end(), [](std::int64_t size) { return size == 1; })) {
    return "";
  }
  const std::string given = "shape " + text(scales->shape) + " of " + whichInput(node, scale);
  if (values.isInput(node.inputs[scale])) {
    return "a scale of more than one element must be a constant, given: " + given;
  }
  const OnnxKnownValue* const a = known(node, 0, values);
  const OnnxKnownValue* const b = known(node, 1, values);
  if (b != nullptr && b->shape.size() == 1) {
    return "a vector as " + whichInput(node, 1) + " takes one scale, given: " + given;
  }
  for (std::size_t i = 0; i < scales->shape.size(); ++i) {
    const std::int64_t size = scales->shape[scales->shape.size() - 1 - i];
    if (size != 1 && !hasSize(i == 0 ? b : a, i, size) && !(i > 1 && hasSize(b, i, size))) {
      return "scales must be as many as the product has columns or rows, given: " + given + ", for " +
             whichInput(node, 0) + (a == nullptr ? "" : " of shape " + text(a->shape)) + " and " + whichInput(node, 1) +
             (b == nullptr ? "" : " of shape " + text(b->shape));
    }
  }
  return "";
}

// The size of a dimension behind a pool as the engine computes it; nothing when the attributes are not sound.
[[nodiscard]] std::optional<std::int64_t> pooledSize(const OnnxFullNode& node, std::int64_t size,
                                                     const std::vector<std::int64_t>& kernel, std::size_t dimension) {
  constexpr std::int64_t kLargest = std::int64_t{1} << 40U;  // of numbers whose sum is sure to exist
  const std::vector<std::int64_t> pads = node.integers("pads");
  const std::vector<std::int64_t> strides = node.integers("strides");
  const std::string_view automatic = node.text("auto_pad");
  const bool hasPads = (automatic.empty() || automatic == "NOTSET") && pads.size() == 2 * kernel.size();
  const std::int64_t before = hasPads ? pads[dimension] : 0;
  const std::int64_t behind = hasPads ? pads[dimension + kernel.size()] : 0;
  const std::int64_t stride = strides.size() == kernel.size() ? strides[dimension] : 1;
  if (automatic == "SAME_UPPER" || automatic == "SAME_LOWER" || stride < 1) {
    return std::nullopt;
  }
  for (const std::int64_t number : {size, kernel[dimension], before, behind}) {
    if (number < 0 || number > kLargest) {
      return std::nullopt;
    }
  }
  return (size + before + behind - kernel[dimension]) / stride + 1;
}

}  // namespace

std::string parametersOfOne(const OnnxFullNode& node, const OnnxValues& values) {
  return scalesHaveElements(node, values, {1, 2, 3, 4});
}

std::string averagePool(const OnnxFullNode& node, const OnnxValues& values) {
  const OnnxKnownValue* const x = known(node, 0, values);
  const std::vector<std::int64_t> kernel = node.integers("kernel_shape");
  if (x != nullptr && node.integer("channels_last").value_or(0) != 0 && x->shape.size() == kernel.size() + 2) {
    for (std::size_t i = 0; i < kernel.size(); ++i) {
      if (x->shape[i + 1] != kUnknownDimension && pooledSize(node, x->shape[i + 1], kernel, i) == 0) {
        return "a kernel must fit into the padded image, given: kernel_shape " + text(kernel) + ", shape " +
               text(x->shape) + " of " + whichInput(node, 0);
      }
    }
  }
  return parametersOfOne(node, values);
}

std::string parametersOfTwo(const OnnxFullNode& node, const OnnxValues& values) {
  for (const std::size_t i : {0U, 3U}) {
    const OnnxKnownValue* const factor = known(node, i, values);
    // The engine reads the first element of a constant that is broadcast along the last dimension, even if it has none.
    if (factor != nullptr && !factor->constant.empty() && hasNoElements(*factor) && factor->shape.back() <= 1) {
      return "a constant operand needs elements, given: shape " + text(factor->shape) + " of " + whichInput(node, i);
    }
  }
  return scalesHaveElements(node, values, {1, 2, 4, 5, 6, 7});
}

std::string hasFiveInputs(const OnnxFullNode& node, const OnnxValues& values) {
  return node.inputs.size() >= 5 ? parametersOfOne(node, values)
                                 : "5 inputs are expected, of which the zero points may be empty, given: " +
                                       std::to_string(node.inputs.size());
}

std::string concatInputs(const OnnxFullNode& node, const OnnxValues& values) {
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

std::string whereInputs(const OnnxFullNode& node, const OnnxValues& values) {
  for (const std::size_t i : {3U, 6U, 8U}) {
    if (node.isGiven(i) && values.isInput(node.inputs[i])) {
      return "zero points must be constants, given: " + whichInput(node, i) + ", an input of the graph";
    }
  }
  return scalesHaveElements(node, values, {2, 3, 5, 6, 7, 8});
}

std::string dynamicMatMul(const OnnxFullNode& node, const OnnxValues& values) {
  std::string empty = scalesHaveElements(node, values, {2, 3});
  return empty.empty() ? scaleOfProduct(node, values, 2) : empty;
}

std::string matMulToFloat(const OnnxFullNode& node, const OnnxValues& values) {
  for (std::string wrong : {scalesHaveElements(node, values, {2, 3}), scaleOfProduct(node, values, 2)}) {
    if (!wrong.empty()) {
      return wrong;
    }
  }
  return scaleOfProduct(node, values, 3);
}

}  // namespace bpusim
