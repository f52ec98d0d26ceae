// What is known about element types beyond the public interface.
#pragma once

#include "hbm_runtime/types.hpp"

namespace hbm {

// The type in .npy files, "<f4"; "" where numpy has none.
[[nodiscard]] const char* npyName(DataType type) noexcept;

}  // namespace hbm
