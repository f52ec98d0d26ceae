// Files of the tensors that were kept: one NumPy file for each tensor and run.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "dnn/base/tensor_layout.hpp"

namespace bpusim {

// Where the tensors of one run go: <folder>/<model>/<run>, which this makes. Throws Error.
[[nodiscard]] std::string keptFolder(const std::string& folder, std::string_view model, std::uint64_t run);

// Writes dense elements as <folder>/<index>_<name>.npy; characters of the name that are not fit for a file become "_".
// Throws Error.
void writeKept(const std::string& folder, std::size_t index, std::string_view name, std::int32_t type,
               const Layout& layout, const void* dense);

}  // namespace bpusim
