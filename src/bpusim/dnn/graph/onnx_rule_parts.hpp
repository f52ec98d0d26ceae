// What checks of operators have in common. A check says what is wrong with a node; "" when nothing is.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "dnn/graph/onnx_node.hpp"
#include "dnn/graph/onnx_values.hpp"

namespace bpusim {

[[nodiscard]] inline const OnnxKnownValue* known(const OnnxFullNode& node, std::size_t index,
                                                 const OnnxValues& values) {
  return node.isGiven(index) ? values.find(node.inputs[index]) : nullptr;
}

[[nodiscard]] inline bool hasNoElements(const OnnxKnownValue& value) {
  return std::find(value.shape.begin(), value.shape.end(), 0) != value.shape.end();
}

[[nodiscard]] inline std::string text(const std::vector<std::int64_t>& shape) {
  std::string all;
  for (const std::int64_t size : shape) {
    all += (all.empty() ? "" : ", ") + (size == kUnknownDimension ? "?" : std::to_string(size));
  }
  return "[" + all + "]";
}

[[nodiscard]] inline std::string whichInput(const OnnxFullNode& node, std::size_t index) {
  return "input " + std::to_string(index) + (node.isGiven(index) ? " '" + std::string(node.inputs[index]) + "'" : "");
}

[[nodiscard]] inline std::string everyInputIsGiven(const OnnxFullNode& node, const OnnxValues& /*values*/) {
  for (std::size_t i = 0; i < node.inputs.size(); ++i) {
    if (!node.isGiven(i)) {
      return "every input needs a value, given: none for " + whichInput(node, i);
    }
  }
  return "";
}

}  // namespace bpusim
