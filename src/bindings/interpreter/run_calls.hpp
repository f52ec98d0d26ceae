// Runs of a thread that waits for them as Python wants it: without the GIL, and with an eye on signals.
#pragma once

#include "bindings/bindings.hpp"
#include "hbm_runtime/runtime.hpp"

namespace hbm::python {

// Runs `calls` and waits, without the GIL; on the main thread signals are looked at.
[[nodiscard]] std::vector<std::vector<DeviceTensor>> runCalls(Runtime& runtime, const std::vector<Call>& calls,
                                                              CallOptions options);

}  // namespace hbm::python
