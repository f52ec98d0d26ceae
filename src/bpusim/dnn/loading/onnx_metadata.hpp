// What an ONNX file says about itself, as the text of hbDNNGetModelDesc.
#pragma once

#include <string>
#include <string_view>

#include "dnn/engine/engine.hpp"

namespace bpusim {

// A JSON object, as the descriptions of models that were compiled for a board are.
[[nodiscard]] std::string metadataText(const EngineMetadata& metadata, std::string_view graphName);

}  // namespace bpusim
