// Checks of the engine's operators on quantised tensors: what of their scales, zero points and shapes would end the
// process.
#pragma once

#include <string>

#include "dnn/graph/onnx_node.hpp"
#include "dnn/graph/onnx_values.hpp"

namespace bpusim {

[[nodiscard]] std::string parametersOfOne(const OnnxFullNode& node, const OnnxValues& values);
[[nodiscard]] std::string averagePool(const OnnxFullNode& node, const OnnxValues& values);
[[nodiscard]] std::string parametersOfTwo(const OnnxFullNode& node, const OnnxValues& values);
[[nodiscard]] std::string hasFiveInputs(const OnnxFullNode& node, const OnnxValues& values);
[[nodiscard]] std::string concatInputs(const OnnxFullNode& node, const OnnxValues& values);
[[nodiscard]] std::string whereInputs(const OnnxFullNode& node, const OnnxValues& values);
[[nodiscard]] std::string dynamicMatMul(const OnnxFullNode& node, const OnnxValues& values);
[[nodiscard]] std::string matMulToFloat(const OnnxFullNode& node, const OnnxValues& values);

}  // namespace bpusim
