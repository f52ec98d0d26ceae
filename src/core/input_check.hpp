// Finds what is wrong with the inputs of a call, before anything is allocated or submitted.
#pragma once

#include <vector>

#include "hbm_runtime/model_info.hpp"
#include "hbm_runtime/tensor.hpp"

namespace hbm {

// Throws Error (kInput) naming model and tensor, what was expected and what was given.
void checkInputs(const ModelInfo& model, const std::vector<TensorView>& inputs);

// "float32 (F32)": how messages name an element type.
[[nodiscard]] std::string describeType(DataType type);

// "[1, 3, -1]"
[[nodiscard]] std::string describeShape(const std::int64_t* shape, std::size_t rank);

}  // namespace hbm
