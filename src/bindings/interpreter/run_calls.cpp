#include "bindings/interpreter/run_calls.hpp"

#include "bindings/interpreter/gil.hpp"
#include "hbm_runtime/error.hpp"

namespace hbm::python {

std::vector<std::vector<DeviceTensor>> runCalls(Runtime& runtime, const std::vector<Call>& calls, CallOptions options) {
  if (onMainThread()) {
    options.interrupted = signalRaised;
  }
  try {
    return withoutGil([&] { return runtime.run(calls, options); });
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::kCancelled && PyErr_Occurred() != nullptr) {
      throw py::error_already_set();  // what the signal handler raised
    }
    throw;
  }
}

}  // namespace hbm::python
