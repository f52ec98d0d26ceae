// Finds what is wrong with the tensors of a call, before anything is allocated or submitted.
#pragma once

#include <string>

#include "core/model/model.hpp"

namespace hbm {

// Throws Error (kInput) naming model and tensor, what was expected and what was given. Memory for an output whose shape
// the driver tells only after the run is compared with it then.
void checkTensors(const Model& model, const Call& call, Targets targets);

// Throws Error (kInput) when arrays cannot hold the tensor's element type.
void requireKnownType(const ModelInfo& model, const char* role, const TensorInfo& tensor);

// "float32 (F32)", "S4", "99 (unknown to this version)": how messages name an element type.
[[nodiscard]] std::string describeType(DataType type);

// What messages say about an array of another element type; `given` describes that one.
[[nodiscard]] std::string wrongType(DataType expected, const std::string& given);

}  // namespace hbm
