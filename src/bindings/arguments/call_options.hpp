// What Python says about the time that a call may take.
#pragma once

#include "bindings/bindings.hpp"
#include "hbm_runtime/runtime.hpp"

namespace hbm::python {

// Seconds from now; None: no limit. Throws Error (kInput) for less than 0 and for NaN; raises TypeError.
[[nodiscard]] std::optional<std::chrono::nanoseconds> timeoutOf(const py::object& timeout);

// Both limits; `deadline` is a time of time.monotonic().
[[nodiscard]] CallOptions callOptions(const py::object& timeout, const py::object& deadline);

}  // namespace hbm::python
