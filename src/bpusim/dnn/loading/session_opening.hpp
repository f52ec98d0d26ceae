// Opens the engine's session of a model that is being loaded.
#pragma once

#include <string>

#include "dnn/base/error.hpp"
#include "dnn/engine/load_options.hpp"
#include "dnn/loading/model_loading.hpp"
#include "dnn/model/model.hpp"

namespace bpusim {

// What the parts of loading have to know about the file that they load from.
struct Origin {
  const ModelFile& file;
  const LoadOptions& options;
};

// The error of a model's graph with the file and the model in front.
[[nodiscard]] Error inModel(const Origin& origin, const Model& model, const Error& error, const std::string& tensor);

// With the engine that was asked for, if it may compute the model. Throws Error.
void openSession(const Origin& origin, Model& model);

}  // namespace bpusim
