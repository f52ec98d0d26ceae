#include "dnn/loading/engine_choice.hpp"

#include <vector>

#include "dnn/base/error.hpp"
#include "dnn/base/hbucp.hpp"
#include "dnn/engine/engine.hpp"
#include "dnn/engine/engine_plugins.hpp"
#include "dnn/graph/onnx_edit.hpp"
#include "dnn/loading/model_graphs.hpp"
#include "dnn/loading/plugin_limits.hpp"
#include "dnn/model/model.hpp"

namespace bpusim {
namespace {

// The inputs of a graph and what all its nodes compute, with types: the engine knows them.
[[nodiscard]] std::vector<EngineTensor> typedTensors(const std::string& graph) {
  const std::optional<OnnxGraph> nodes = readOnnx(graph);
  LoadOptions all;
  all.keepAll = true;
  EngineOptions options;
  options.optimise = false;
  options.load.saveMemory = true;
  const EngineSession session(withOutputs(graph, nodes.has_value() ? keptBy(*nodes, all) : std::vector<std::string>()),
                              options);
  std::vector<EngineTensor> tensors = session.inputs();
  tensors.insert(tensors.end(), session.outputs().begin(), session.outputs().end());
  return tensors;
}

[[nodiscard]] std::string whyNot(const Model& model) {
  const std::string graph = shapeGraph(model);
  if (graph.empty()) {
    return "its constants cannot be read";
  }
  try {
    return whyNoPlugin(model.graph(), typedTensors(graph));
  } catch (const Error& error) {
    return std::string("the types of its tensors are not known: ") + error.what();
  }
}

}  // namespace

EngineChoice chooseEngine(const Model& model) {
  const std::string& asked = model.options.engine;
  if (enginePlugin(asked) == nullptr) {
    return {kOwnEngine, ""};
  }
  if (const std::string reason = whyNot(model); !reason.empty()) {
    return ownEngine(model, asked, reason);
  }
  return {asked, ""};
}

EngineChoice ownEngine(const Model& model, const std::string& asked, const std::string& reason) {
  EngineChoice choice{kOwnEngine, asked + " does not compute it: " + reason};
  log(LogLevel::kWarn, ("model '" + model.name + "': ONNX Runtime computes it, " + choice.reason).c_str());
  return choice;
}

}  // namespace bpusim
