// One loaded model: what it reports, and its session in the engine. Immutable after loading, apart from what is
// protected inside.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bpusim/extension.h"
#include "dnn/engine/engine.hpp"
#include "dnn/engine/load_options.hpp"
#include "dnn/files/file_bytes.hpp"
#include "dnn/graph/onnx_operator_rules.hpp"
#include "dnn/model/model_session.hpp"
#include "dnn/model/model_tensor.hpp"
#include "dnn/model/output_history.hpp"
#include "dnn/model/scratch.hpp"
#include "dnn/model/shape_pass.hpp"

namespace bpusim {

// Where the engine finds the model.
struct ModelSource {
  std::shared_ptr<const FileBytes> file;  // keeps the views below alive
  std::string_view graph;
  std::optional<std::string_view> weights;
  std::string folder;             // of files with external weights; "" for none
  std::vector<std::string> keep;  // tensors that became outputs
};

// Which engine computes the model, as users name engines, and why it is not the one that was asked for.
struct EngineChoice {
  std::string name;
  std::string reason;  // "" when it is
};

struct Model {
  std::string name;
  std::string description;
  std::int32_t cores = 1;
  std::vector<ModelTensor> inputs;
  std::vector<ModelTensor> outputs;
  std::vector<const char*> inputNames;                          // in the graph
  std::vector<const char*> outputNames;                         // in the graph
  std::vector<std::pair<std::string, std::string>> operations;  // name and type
  std::vector<bpusimOperation> operationTable;
  bool branches = false;                                 // a run may leave parts of the graph out, or repeat them
  std::vector<std::optional<FilledInput>> filledInputs;  // by input

  ModelSource source;
  LoadOptions options;
  EngineChoice engine;
  std::string placedGraph;  // the graph with external constants named where they really are; "" for nothing
  std::string editedGraph;  // the graph with what loading has changed; "" for nothing
  std::string shapeGraph;   // the graph without its weights, for the inference of shapes; "" when there is none
  std::string
      mappedGraph;  // graph() with its weights named in the model's file; "" when they are handed over in memory
  std::unique_ptr<ModelSession> session;
  mutable ScratchPool scratch;
  mutable ShapeCache shapes;
  mutable OutputHistory history;
  mutable std::atomic<std::uint64_t> keptRuns{0};
  mutable std::atomic<std::int64_t> lastInputBytes{0};  // of the last run that has begun

  // What the engine runs.
  [[nodiscard]] std::string_view graph() const noexcept {
    return editedGraph.empty() ? source.graph : std::string_view(editedGraph);
  }
};

}  // namespace bpusim
