// Which engine computes a model.
#pragma once

#include <string>

#include "dnn/model/model.hpp"

namespace bpusim {

// Decides for a model whose graph is complete, before its session is made. Logs the reason. Throws Error for a name
// that is no engine's.
[[nodiscard]] EngineChoice chooseEngine(const Model& model);

// After the plug-in has refused the model.
[[nodiscard]] EngineChoice ownEngine(const Model& model, const std::string& asked, const std::string& reason);

}  // namespace bpusim
