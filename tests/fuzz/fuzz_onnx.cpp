// What bpusim reads and edits in ONNX files by itself, on any bytes.
#include <cstddef>
#include <cstdint>

#include "dnn/base/error.hpp"
#include "dnn/graph/onnx_constants.hpp"
#include "dnn/graph/onnx_edit.hpp"
#include "dnn/graph/onnx_graph.hpp"
#include "dnn/graph/onnx_operator_rules.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view model(reinterpret_cast<const char*>(data), size);
  const auto graph = bpusim::readOnnx(model);
  if (!graph.has_value()) {
    return 0;
  }
  try {
    static_cast<void>(bpusim::withOutputs(model, {"t"}));
    static_cast<void>(bpusim::withInputShapes(model, {{"x", {1, 2}}}));
    bpusim::ConstantFiles files("weights", "0123456789");
    static_cast<void>(bpusim::withoutWeights(model, files));
    static_cast<void>(bpusim::withConstants(model, files));
  } catch (const bpusim::Error&) {
    // As it should be.
  }
  try {
    bpusim::checkOperators(model);
  } catch (const bpusim::Error&) {
    return 0;
  }
  return 0;
}
