#include "dnn/loading/model_graphs.hpp"

#include <string_view>
#include <unordered_set>

#include "dnn/base/error.hpp"
#include "dnn/base/hbucp.hpp"
#include "dnn/graph/onnx_constants.hpp"
#include "dnn/graph/onnx_edit.hpp"

namespace bpusim {
namespace {

[[nodiscard]] ConstantFiles constantFiles(const ModelSource& source) {
  return source.weights.has_value() ? ConstantFiles(kWeightsLocation, *source.weights) : ConstantFiles(source.folder);
}

}  // namespace

std::vector<std::string> keptBy(const OnnxGraph& graph, const LoadOptions& options) {
  std::vector<std::string> kept;
  if (options.keep.empty() && !options.keepAll) {
    return kept;
  }
  std::unordered_set<std::string_view> produced;
  for (const OnnxNode& node : graph.nodes) {
    produced.insert(node.outputs.begin(), node.outputs.end());
  }
  for (const OnnxValue& output : graph.outputs) {
    produced.erase(output.name);
  }
  for (const std::string& name : options.keep) {
    if (produced.erase(name) != 0) {
      kept.push_back(name);
    }
  }
  for (const OnnxNode& node : graph.nodes) {
    for (const std::string_view name : node.outputs) {
      if (options.keepAll && !name.empty() && produced.erase(name) != 0) {
        kept.emplace_back(name);
      }
    }
  }
  return kept;
}

std::string editedGraph(const ModelSource& source, bool profile) {
  std::string graph = source.keep.empty() ? "" : withOutputs(source.graph, source.keep);
  if (profile && !source.weights.has_value()) {
    ConstantFiles files = constantFiles(source);
    graph = withConstants(graph.empty() ? source.graph : std::string_view(graph), files);
  }
  return graph;
}

std::string shapeGraph(const Model& model) {
  try {
    ConstantFiles files = constantFiles(model.source);
    return withoutWeights(model.graph(), files);
  } catch (const Error& error) {
    log(LogLevel::kInfo,
        ("model '" + model.name + "': its output shapes are known only after a run: " + error.what()).c_str());
    return "";
  }
}

}  // namespace bpusim
