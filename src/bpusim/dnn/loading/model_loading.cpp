#include "dnn/loading/model_loading.hpp"

#include <malloc.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <unordered_map>
#include <utility>

#include "dnn/base/error.hpp"
#include "dnn/base/hbucp.hpp"
#include "dnn/files/host_file.hpp"
#include "dnn/graph/onnx_constants.hpp"
#include "dnn/graph/onnx_edit.hpp"
#include "dnn/graph/onnx_graph.hpp"
#include "dnn/graph/onnx_operator_rules.hpp"
#include "dnn/loading/external_constants.hpp"
#include "dnn/loading/model_graphs.hpp"
#include "dnn/loading/onnx_metadata.hpp"
#include "dnn/loading/session_opening.hpp"

namespace bpusim {
namespace {

constexpr std::size_t kLargeFile = std::size_t{4} << 20U;
constexpr std::size_t kLargestOnnx = std::numeric_limits<std::int32_t>::max();  // of engines and of protobuf

[[noreturn]] void refuse(const Origin& origin, const std::string& text) {
  throw Error(HB_DNN_INVALID_MODEL, "'" + origin.file.place + "': " + text);
}

void requireSoundOperators(const Origin& origin, const Model& model) {
  try {
    checkOperators(model.source.graph);
  } catch (const Error& error) {
    throw inModel(origin, model, error, error.tensor());
  }
}

void finish(Model& model) {
  model.shapeGraph = shapeGraph(model);
  model.history.resize(model.outputs.size());
  const std::vector<FilledInput> filled = filledInputs(model.source.graph);
  for (const ModelTensor& tensor : model.inputs) {
    model.inputNames.push_back(tensor.graphName.c_str());
    const auto found = std::find_if(filled.begin(), filled.end(),
                                    [&](const FilledInput& input) { return input.name == tensor.graphName; });
    model.filledInputs.push_back(found == filled.end() ? std::nullopt : std::optional(*found));
  }
  for (const ModelTensor& tensor : model.outputs) {
    model.outputNames.push_back(tensor.graphName.c_str());
  }
  for (const auto& [name, type] : model.operations) {
    model.operationTable.push_back({name.c_str(), type.c_str()});
    model.branches = model.branches || type == "If" || type == "Loop" || type == "Scan";
  }
}

[[nodiscard]] std::string whereOf(const Origin& origin, const std::string& model, const char* role,
                                  std::string_view tensor) {
  return "'" + origin.file.place + "', model '" + model + "': " + role + " '" + std::string(tensor) + "'";
}

using ByName = std::unordered_map<std::string_view, const EngineTensor*>;

[[nodiscard]] ByName byName(const std::vector<EngineTensor>& tensors) {
  ByName map;
  for (const EngineTensor& tensor : tensors) {
    map.emplace(tensor.name, &tensor);
  }
  return map;
}

[[nodiscard]] std::vector<ModelTensor> tableTensors(const Origin& origin, const std::string& model, const char* role,
                                                    const std::vector<HostTensor>& table, ByName graph, bool all) {
  std::vector<ModelTensor> tensors;
  for (const HostTensor& entry : table) {
    const std::string where = whereOf(origin, model, role, entry.name);
    const auto found = graph.find(entry.graphName);
    if (found == graph.end()) {
      throw Error(HB_DNN_INVALID_MODEL, where + " has no counterpart in the graph; pack the model again", model,
                  std::string(entry.name));
    }
    tensors.push_back(about(model, entry.name, [&] { return tensorOf(entry, *found->second, !all, where); }));
    graph.erase(found);
  }
  if (all && !graph.empty()) {
    throw Error(HB_DNN_INVALID_MODEL, whereOf(origin, model, role, graph.begin()->first) +
                                          " of the graph is not in the file's table; pack the model again");
  }
  return tensors;
}

// Adds the tensors that were kept, which the engine lists after the model's own.
void addKept(const Origin& origin, Model& model) {
  const std::vector<EngineTensor>& outputs = model.session->engine().outputs();
  for (std::size_t i = outputs.size() - model.source.keep.size(); i < outputs.size(); ++i) {
    const std::string where = whereOf(origin, model.name, "kept tensor", outputs[i].name);
    ModelTensor tensor = about(model.name, outputs[i].name, [&] { return tensorOf(outputs[i], true, where); });
    if (outputs[i].shape.empty()) {
      leaveShapeToRun(tensor);
    }
    model.outputs.push_back(std::move(tensor));
  }
}

[[nodiscard]] std::shared_ptr<const Model> hostModel(const Origin& origin, const HostModel& table) {
  auto model = std::make_shared<Model>();
  model->name = table.name;
  model->description = table.description;
  model->cores = table.cores;
  model->options = origin.options;
  model->source = {origin.file.bytes, table.graph, table.weights, "", {}};
  const std::optional<OnnxGraph> graph = readOnnx(table.graph);
  if (!graph.has_value()) {
    refuse(origin, "the graph of model '" + model->name + "' is no ONNX model");
  }
  checkHostConstants(table.graph);
  model->source.keep = keptBy(*graph, origin.options);
  requireSoundOperators(origin, *model);
  openSession(origin, *model);
  model->inputs =
      tableTensors(origin, model->name, "input", table.inputs, byName(model->session->engine().inputs()), true);
  model->outputs =
      tableTensors(origin, model->name, "output", table.outputs, byName(model->session->engine().outputs()), false);
  addKept(origin, *model);
  for (const HostOperation& operation : table.operations) {
    model->operations.emplace_back(operation.name, operation.type);
  }
  finish(*model);
  return model;
}

[[nodiscard]] LoadedFile loadHostFile(const Origin& origin) {
  try {
    const HostFile content = readHostFile(origin.file.bytes->view());
    origin.file.bytes->giveBack();  // read for its checksums; the engine maps what it uses
    const Platform& platform = *tasks()->platform();
    if (platform.chosen && !content.march.empty() && content.march != platform.march) {
      throw Error(HB_DNN_INCOMPATIBLE_MODEL, "'" + origin.file.place + "' was packed for march " +
                                                 std::string(content.march) + ", BPUSIM_SOC=" + platform.soc + " has " +
                                                 platform.march + "; pack it for that or change BPUSIM_SOC");
    }
    LoadedFile loaded{std::string(content.description), {}};
    for (const HostModel& table : content.models) {
      loaded.models.push_back(hostModel(origin, table));
    }
    return loaded;
  } catch (const HostFileError& error) {
    refuse(origin, std::string("the host model file cannot be used: ") + error.what());
  }
}

// The path without folders and ending; in memory the graph's name, else "model_" and its number.
[[nodiscard]] std::string onnxName(const Origin& origin, const OnnxGraph& graph, std::size_t index) {
  if (origin.file.path.empty()) {
    return graph.name.empty() ? "model_" + std::to_string(index) : std::string(graph.name);
  }
  const std::string name = origin.file.path.substr(origin.file.path.find_last_of('/') + 1);
  const std::size_t dot = name.find_last_of('.');
  return dot == std::string::npos || dot == 0 ? name : name.substr(0, dot);
}

[[nodiscard]] const OnnxValue* valueOf(const std::vector<OnnxValue>& values, std::string_view name) {
  const auto found =
      std::find_if(values.begin(), values.end(), [&](const OnnxValue& value) { return value.name == name; });
  return found == values.end() ? nullptr : &*found;
}

[[nodiscard]] std::vector<ModelTensor> onnxTensors(const Origin& origin, const std::string& model, bool outputs,
                                                   const std::vector<EngineTensor>& tensors,
                                                   const std::vector<OnnxValue>& declared) {
  std::vector<ModelTensor> all;
  for (const EngineTensor& tensor : tensors) {
    const std::string where = whereOf(origin, model, outputs ? "output" : "input", tensor.name);
    ModelTensor& added = all.emplace_back(about(model, tensor.name, [&] { return tensorOf(tensor, outputs, where); }));
    const OnnxValue* const value = valueOf(declared, tensor.name);
    if (value != nullptr) {
      added.description = value->description;
    }
    // The engine reports an unknown rank as no dimensions, as it does for a scalar.
    if (!tensor.shape.empty() || (value != nullptr && value->hasShape)) {
      continue;
    }
    if (!outputs) {
      throw Error(HB_DNN_INCOMPATIBLE_MODEL,
                  where + " declares no shape; give it one, with dynamic dimensions if need be", model, tensor.name);
    }
    leaveShapeToRun(added);
  }
  return all;
}

[[nodiscard]] PlacedConstants placedConstants(const Origin& origin, const Model& model) {
  try {
    return placeConstants(origin.file.bytes->view(), origin.file.path);
  } catch (const Error& error) {
    throw inModel(origin, model, error, error.tensor());
  }
}

[[nodiscard]] LoadedFile loadOnnx(const Origin& origin, const OnnxGraph& graph, std::size_t index) {
  auto model = std::make_shared<Model>();
  model->name = onnxName(origin, graph, index);
  model->options = origin.options;
  if (origin.file.bytes->view().size() > kLargestOnnx) {
    throw Error(HB_DNN_INCOMPATIBLE_MODEL,
                "'" + origin.file.place + "', model '" + model->name +
                    "': ONNX files are protobuf messages, which have at most 2 GiB; save the weights as external data",
                model->name, "");
  }
  PlacedConstants placed = placedConstants(origin, *model);
  model->placedGraph = std::move(placed.graph);
  const std::string_view bytes =
      model->placedGraph.empty() ? origin.file.bytes->view() : std::string_view(model->placedGraph);
  model->source = {origin.file.bytes, bytes, std::nullopt, placed.folder, keptBy(graph, origin.options)};
  requireSoundOperators(origin, *model);
  openSession(origin, *model);
  model->description = metadataText(model->session->engine().metadata(), graph.name);
  const std::vector<EngineTensor>& outputs = model->session->engine().outputs();
  const auto own = outputs.end() - static_cast<std::ptrdiff_t>(model->source.keep.size());
  model->inputs = onnxTensors(origin, model->name, false, model->session->engine().inputs(), graph.inputs);
  model->outputs = onnxTensors(origin, model->name, true, {outputs.begin(), own}, graph.outputs);
  addKept(origin, *model);
  model->operations = operationsOf(graph);
  finish(*model);
  return {"", {model}};
}

[[nodiscard]] bool endsWith(const std::string& text, std::string_view end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

[[nodiscard]] LoadedFile loadKnownKind(const Origin& origin, std::size_t index) {
  const ModelFile& file = origin.file;
  const std::string_view bytes = file.bytes->view();
  if (bytes.empty()) {
    refuse(origin, "the file is empty");
  }
  if (looksLikeHostFile(bytes)) {
    return loadHostFile(origin);
  }
  if (const std::optional<OnnxGraph> graph = readOnnx(bytes); graph.has_value()) {
    return loadOnnx(origin, *graph, index);
  }
  if (endsWith(file.path, ".hbm")) {
    throw Error(HB_DNN_INCOMPATIBLE_MODEL,
                "'" + file.place +
                    "' is not a host model. A .hbm that was compiled for a board runs only there, or on "
                    "the vendor's simulation with HBM_RUNTIME_DRIVER; on this machine load the ONNX "
                    "model that it was made from, or pack that with 'hbm-runtime pack'");
  }
  refuse(origin, "this is neither an ONNX model nor a host model, or it is damaged");
}

}  // namespace

LoadedFile loadFile(ModelFile file, const LoadOptions& options, std::size_t index) {
  if (options.profile) {
    // Sessions are opened from it later, too, when somebody may have written over the file.
    file.bytes = FileBytes::copy(file.bytes->view().data(), file.bytes->view().size());
  }
  LoadedFile loaded = loadKnownKind({file, options}, index);
  file.bytes->giveBack();
#ifdef __GLIBC__
  if (file.bytes->view().size() >= kLargeFile) {
    // While it prepares a session the engine frees several times what it keeps, and the allocator holds on to that.
    malloc_trim(0);
  }
#endif
  return loaded;
}

}  // namespace bpusim
