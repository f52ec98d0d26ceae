#include "dnn/loading/session_opening.hpp"

#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "dnn/engine/engine_plugins.hpp"
#include "dnn/files/file_bytes.hpp"
#include "dnn/graph/onnx_constant_walk.hpp"
#include "dnn/graph/onnx_constants.hpp"
#include "dnn/graph/onnx_edit.hpp"
#include "dnn/graph/onnx_wire.hpp"
#include "dnn/loading/engine_choice.hpp"
#include "dnn/loading/model_graphs.hpp"

namespace bpusim {
namespace {

// Takes those out of `keep` that no driver's tensor can be. False when all can stay.
[[nodiscard]] bool dropUnfit(Model& model) {
  const std::vector<EngineTensor>& outputs = model.session->engine().outputs();
  std::vector<std::string> fit;
  for (std::size_t i = outputs.size() - model.source.keep.size(); i < outputs.size(); ++i) {
    if (outputs[i].type >= 0 && outputs[i].shape.size() <= HB_DNN_TENSOR_MAX_DIMENSIONS) {
      fit.push_back(outputs[i].name);
    }
  }
  const bool dropped = fit.size() != model.source.keep.size();
  model.source.keep = std::move(fit);
  return dropped;
}

[[nodiscard]] std::string folderOf(const std::string& path) {
  if (path.empty()) {
    return "";
  }
  const std::size_t slash = path.find_last_of('/');
  return slash == std::string::npos ? "." : path.substr(0, slash + 1);
}

// Lets the engine map the weights out of the model's file: it copies those that it is handed in memory, and maps what
// it uses as it is, so that processes share it. False when the file is no longer where it was, or the engine refuses.
[[nodiscard]] bool openMapped(const Origin& origin, Model& model, EngineOptions options) {
  const std::string path = origin.file.bytes->currentPath();
  if (path.empty() || origin.options.profile || !options.weights.has_value()) {
    return false;
  }
  const std::string folder = folderOf(path);
  const std::string_view weights = *options.weights;
  options.weights.reset();
  options.weightsFolder = folder;
  try {
    model.mappedGraph =
        withWeightsIn(model.graph(), path.substr(folder.size()),
                      static_cast<std::uint64_t>(weights.data() - origin.file.bytes->view().data()), weights.size());
    model.session = std::make_unique<ModelSession>(model.mappedGraph, std::move(options), false);
  } catch (const Error&) {  // loading from memory says what is wrong, if anything is
    model.mappedGraph.clear();
    return false;
  }
  if (origin.file.bytes->currentPath() == path) {
    return true;
  }
  // What the engine has read may not be what was checked.
  model.session.reset();
  model.mappedGraph.clear();
  return false;
}

[[nodiscard]] bool readsOtherFiles(std::string_view graph) {
  bool external = false;
  forEachConstant(graph, OnnxPart::kModel,
                  [&](std::string_view message) { external = external || requireConstant(message).external; });
  return external;
}

// A session of a loaded model from the bytes that it was loaded from; null when those can no longer be had.
[[nodiscard]] std::unique_ptr<const EngineSession> openAgain(const Model& model, EngineOptions options) {
  const std::string_view whole = model.source.file->view();
  const std::shared_ptr<const FileBytes> bytes = FileBytes::unchanged(model.source.file);
  if (bytes == nullptr) {
    return nullptr;
  }
  const auto unchanged = [&](std::string_view part) {
    const bool within = std::less_equal<>()(whole.data(), part.data()) &&
                        std::less_equal<>()(part.data() + part.size(), whole.data() + whole.size());
    return within ? bytes->view().substr(static_cast<std::size_t>(part.data() - whole.data()), part.size()) : part;
  };
  const std::string_view graph = unchanged(model.graph());
  options.weightsFolder.clear();
  options.file.clear();
  if (model.source.weights.has_value()) {
    options.weights = unchanged(*model.source.weights);
  } else if (readsOtherFiles(graph)) {
    return nullptr;
  }
  return std::make_unique<const EngineSession>(graph, options);
}

// Lets the engine read a large ONNX file by itself. What it reads out of memory is there twice meanwhile: in the
// mapping, and as the engine has read it. False as above, and for graphs that are no whole file.
[[nodiscard]] bool openFile(const Origin& origin, Model& model, EngineOptions options) {
  constexpr std::size_t kLarge = std::size_t{4} << 20U;
  const std::string_view whole = origin.file.bytes->view();
  const bool isFile = model.graph().data() == whole.data() && model.graph().size() == whole.size();
  options.file = origin.file.bytes->currentPath();
  if (!isFile || whole.size() < kLarge || options.file.empty() || origin.options.profile ||
      enginePlugin(model.engine.name) != nullptr || readsOtherFiles(whole)) {
    return false;
  }
  const std::string path = options.file;
  options.weightsFolder.clear();
  origin.file.bytes->giveBack();
  try {
    model.session = std::make_unique<ModelSession>(model.graph(), std::move(options), false);
  } catch (const Error&) {  // loading from memory says what is wrong, if anything is
    return false;
  }
  if (origin.file.bytes->currentPath() != path) {
    model.session.reset();
  }
  return model.session != nullptr;
}

void openWith(const Origin& origin, Model& model) {
  EngineOptions options;
  options.load = origin.options;
  options.load.engine = model.engine.name;
  options.weights = model.source.weights;
  options.weightsFolder = model.source.folder;
  if (!openMapped(origin, model, options) && !openFile(origin, model, options)) {
    try {
      model.session = std::make_unique<ModelSession>(model.graph(), std::move(options), origin.options.profile);
    } catch (const Error& error) {
      if (error.status() == HB_UCP_INIT_FAILED) {
        throw;
      }
      throw inModel(origin, model, error, constantOf(model.graph(), error.what()));
    }
  }
}

}  // namespace

Error inModel(const Origin& origin, const Model& model, const Error& error, const std::string& tensor) {
  return {error.status(), "'" + origin.file.place + "', model '" + model.name + "': " + error.what(), model.name,
          tensor};
}

void openSession(const Origin& origin, Model& model) {
  model.editedGraph = editedGraph(model.source, origin.options.profile);
  model.engine = chooseEngine(model);
  try {
    openWith(origin, model);
  } catch (const Error& error) {
    if (enginePlugin(model.engine.name) == nullptr || error.status() == HB_UCP_INIT_FAILED ||
        error.status() == HB_DNN_OUT_OF_MEMORY) {
      throw;
    }
    model.engine = ownEngine(model, model.engine.name, error.what());
    openWith(origin, model);
  }
  if (origin.options.keepAll && dropUnfit(model)) {
    openSession(origin, model);
    return;
  }
  model.session->shareProcessors([&model](EngineOptions options) { return openAgain(model, std::move(options)); });
}

}  // namespace bpusim
