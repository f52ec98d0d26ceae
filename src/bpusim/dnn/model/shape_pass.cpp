#include "dnn/model/shape_pass.hpp"

#include <algorithm>

#include "dnn/base/error.hpp"
#include "dnn/base/tensor_types.hpp"
#include "dnn/engine/engine.hpp"
#include "dnn/graph/onnx_edit.hpp"
#include "dnn/model/model.hpp"

namespace bpusim {
namespace {

[[nodiscard]] bool isKnown(const ModelTensor& output, const EngineTensor& inferred) {
  if (inferred.shape.empty()) {
    // A scalar and an unknown rank look alike.
    return output.rankKnown && output.properties.validShape.numDimensions == 0;
  }
  return std::all_of(inferred.shape.begin(), inferred.shape.end(), [](std::int64_t size) { return size >= 0; });
}

// A session of the graph for these input shapes.
[[nodiscard]] std::unique_ptr<const EngineSession> sessionFor(const Model& model,
                                                              const std::vector<InputShape>& inputs) {
  EngineOptions options;
  options.optimise = false;
  options.load.saveMemory = true;
  return std::make_unique<const EngineSession>(withInputShapes(model.shapeGraph, inputs), options);
}

// The engine did not want these shapes: are they at fault? Throws Error unless only a run can tell.
void explainRefusal(const Model& model, const Error& refusal) {
  try {
    static_cast<void>(sessionFor(model, {}));
  } catch (const Error& error) {
    throw Error(HB_UCP_UNKNOWN_ERROR,
                "the engine cannot infer the output shapes of model '" + model.name + "': " + error.what());
  }
  if (!model.branches) {  // what does not suit the shapes in a branch says nothing about the run
    throw Error(HB_UCP_INVALID_ARGUMENT,
                "model '" + model.name + "' cannot run with inputs of these shapes: " + refusal.what());
  }
}

[[nodiscard]] std::shared_ptr<const OutputShapes> askEngine(const Model& model, const std::vector<Shape>& inputs) {
  if (model.shapeGraph.empty()) {
    throw Error(HB_UCP_UNKNOWN_ERROR, "model '" + model.name +
                                          "': its output shapes cannot be inferred: when it was loaded, constants that "
                                          "they may depend on could not be read");
  }
  std::vector<InputShape> fixed;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    fixed.push_back({model.inputs[i].graphName, inputs[i]});
  }
  auto shapes = std::make_shared<OutputShapes>(model.outputs.size());
  std::unique_ptr<const EngineSession> session;
  try {
    session = sessionFor(model, fixed);
  } catch (const Error& error) {
    explainRefusal(model, error);
    return shapes;
  }
  for (std::size_t i = 0; i < shapes->size(); ++i) {
    const ModelTensor& output = model.outputs[i];
    const auto inferred = std::find_if(session->outputs().begin(), session->outputs().end(),
                                       [&](const EngineTensor& tensor) { return tensor.name == output.graphName; });
    if (inferred != session->outputs().end() && isKnown(output, *inferred)) {
      (*shapes)[i] = inferred->shape;
    }
  }
  return shapes;
}

}  // namespace

std::shared_ptr<const OutputShapes> ShapeCache::find(const std::vector<Shape>& inputs) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = known_.find(inputs);
  return found == known_.end() ? nullptr : found->second;
}

void ShapeCache::add(const std::vector<Shape>& inputs, std::shared_ptr<const OutputShapes> outputs) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (known_.size() >= kCapacity) {
    known_.clear();
  }
  known_[inputs] = std::move(outputs);
}

std::shared_ptr<const OutputShapes> outputShapes(const Model& model, const std::vector<Shape>& inputs) {
  if (auto known = model.shapes.find(inputs); known != nullptr) {
    return known;
  }
  auto shapes = askEngine(model, inputs);
  model.shapes.add(inputs, shapes);
  return shapes;
}

}  // namespace bpusim
