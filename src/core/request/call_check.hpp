// Finds what is wrong with the tensors of a call, before anything is allocated or submitted.
#pragma once

#include "core/model/messages.hpp"
#include "core/model/model.hpp"

namespace hbm {

// Throws Error (kInput) naming model and tensor, what was expected and what was given. Memory for an output whose shape
// the driver reports only after the run is compared with it then.
void checkTensors(const Model& model, const Call& call, Targets targets);

// Throws Error (kInput) when arrays cannot hold the tensor's element type.
void requireKnownType(const ModelInfo& model, const char* role, const TensorInfo& tensor);

}  // namespace hbm
