// Finds what is wrong with the tensors of a call, before anything is allocated or submitted.
#pragma once

#include <string>

#include "hbm_runtime/model_info.hpp"
#include "hbm_runtime/runtime.hpp"

namespace hbm {

// Throws Error (kInput) naming model and tensor, what was expected and what was given.
void checkTensors(const ModelInfo& model, const Call& call);

// "float32 (F32)": how messages name an element type.
[[nodiscard]] std::string describeType(DataType type);

// "[1, 3, -1]"
[[nodiscard]] std::string describeShape(const std::int64_t* shape, std::size_t rank);

}  // namespace hbm
