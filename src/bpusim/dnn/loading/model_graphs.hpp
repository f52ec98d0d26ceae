// The graphs that are made of a model's own when it is loaded.
#pragma once

#include <string>
#include <vector>

#include "dnn/engine/load_options.hpp"
#include "dnn/graph/onnx_graph.hpp"
#include "dnn/model/model.hpp"

namespace bpusim {

// Names of `options.keep` that the graph's nodes produce.
[[nodiscard]] std::vector<std::string> keptBy(const OnnxGraph& graph, const LoadOptions& options);

// The graph with the kept tensors as outputs, and for a profile, which opens further sessions later, with all
// constants: their files may be others then. "" when there is nothing to change.
[[nodiscard]] std::string editedGraph(const ModelSource& source, bool profile);

// The graph without weights, for the inference of shapes: later the files of its constants may be others, or gone. ""
// when constants cannot be read.
[[nodiscard]] std::string shapeGraph(const Model& model);

}  // namespace bpusim
