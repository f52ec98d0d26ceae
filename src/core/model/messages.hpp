// What messages say about names, element types and shapes, whatever call they are about.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "hbm_runtime/types.hpp"

namespace hbm {

// "model 'm' has no input 'x'; its inputs are 'a', 'b'"; `role` is "input" or "output".
[[nodiscard]] std::string unknownTensor(const std::string& model, const std::string& role, const std::string& name,
                                        const std::vector<std::string>& names);

// "no model is named 'x'; loaded are 'a', 'b'"
[[nodiscard]] std::string unknownModel(const std::string& name, const std::vector<std::string>& names);

// "float32 (F32)", "S4", "99 (unknown to this version)": how messages name an element type.
[[nodiscard]] std::string describeType(DataType type);

// About an array of another element type; `given` describes that one.
[[nodiscard]] std::string wrongType(DataType expected, const std::string& given);

// True if a shape is one with -1 for any size. Nothing is read of a shape of another rank.
[[nodiscard]] bool shapeFits(const std::vector<std::int64_t>& expected, const std::int64_t* given, std::size_t rank);

// About a shape that does not fit one with -1 for any size; "" when it fits.
[[nodiscard]] std::string wrongShape(const std::vector<std::int64_t>& expected, const std::vector<std::int64_t>& given);

}  // namespace hbm
