#include "bindings/arguments/call_options.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "bindings/arguments/mappings.hpp"
#include "hbm_runtime/error.hpp"

namespace hbm::python {
namespace {

double secondsOf(const py::object& given, const char* name) {
  const double seconds = PyFloat_AsDouble(given.ptr());
  if (PyErr_Occurred() != nullptr) {
    const bool tooLarge = PyErr_ExceptionMatches(PyExc_OverflowError) != 0;
    PyErr_Clear();
    if (tooLarge) {
      throw Error(ErrorKind::kInput, std::string(name) + " is a number that no clock can count to");
    }
    throw py::type_error(std::string(name) + " must be a number of seconds or None, not " + typeName(given));
  }
  if (std::isnan(seconds)) {
    throw Error(ErrorKind::kInput, std::string(name) + " must be a number of seconds, got NaN");
  }
  return seconds;
}

std::chrono::nanoseconds duration(double seconds) {
  constexpr double kLongest = 1e9;  // about 30 years; more would overflow the clock
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
      std::chrono::duration<double>(std::min(seconds, kLongest)));
}

}  // namespace

std::optional<std::chrono::nanoseconds> timeoutOf(const py::object& timeout) {
  if (timeout.is_none()) {
    return std::nullopt;
  }
  const double seconds = secondsOf(timeout, "timeout");
  if (seconds < 0) {
    throw Error(ErrorKind::kInput, "timeout is " + std::to_string(seconds) + "; it must be at least 0");
  }
  return duration(seconds);
}

CallOptions callOptions(const py::object& timeout, const py::object& deadline) {
  CallOptions options;
  options.timeout = timeoutOf(timeout);
  if (!deadline.is_none()) {
    // steady_clock is CLOCK_MONOTONIC, which time.monotonic() reads. Before its start counts as its start: passed.
    options.deadline = std::chrono::steady_clock::time_point(duration(std::max(secondsOf(deadline, "deadline"), 0.0)));
  }
  return options;
}

}  // namespace hbm::python
