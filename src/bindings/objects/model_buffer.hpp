// A model in a Python buffer.
#pragma once

#include "bindings/bindings.hpp"
#include "hbm_runtime/error.hpp"
#include "hbm_runtime/runtime.hpp"

namespace hbm::python {

// Valid as long as `info`. Throws Error for a buffer with gaps.
[[nodiscard]] inline ModelBuffer modelBuffer(const py::buffer_info& info) {
  if (PyBuffer_IsContiguous(info.view(), 'C') == 0) {
    throw Error(ErrorKind::kInput, "a model in memory must be one contiguous block; pass bytes(buffer)");
  }
  return {info.ptr, static_cast<std::size_t>(info.size * info.itemsize)};
}

}  // namespace hbm::python
