// The global interpreter lock around work that takes time.
#pragma once

#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

#include "bindings/bindings.hpp"

namespace hbm::python {

// Takes the lock back. While the interpreter ends, CPython ends threads that ask for the lock by unwinding through
// their frames, C++ ones too, whose destructors would use Python without the lock. Such a thread stays here instead.
void reacquireGil(PyThreadState* state);

// The lock in a thread that Python does not know; it too stays there when the interpreter ends.
class ForeignGil {
 public:
  ForeignGil();

 private:
  std::optional<py::gil_scoped_acquire> lock_;
};

// True if the interpreter is ending or has ended: after Python's exit handlers, which may still wait for threads.
[[nodiscard]] bool interpreterEnding() noexcept;

// Notes the interpreter's main thread, and when it has ended.
void watchInterpreter();

// For CallOptions::interrupted: lets Python look at signals. True when a handler raised; the exception is then set.
[[nodiscard]] bool signalRaised();

// True if this is the thread that handles signals.
[[nodiscard]] bool onMainThread() noexcept;

// Calls `work` without the lock, and hands on what it returns or throws.
template <class Work>
auto withoutGil(Work&& work) {
  using Result = std::invoke_result_t<Work>;
  PyThreadState* state = PyEval_SaveThread();
  std::exception_ptr error;
  if constexpr (std::is_void_v<Result>) {
    try {
      std::forward<Work>(work)();
    } catch (...) {
      error = std::current_exception();
    }
    reacquireGil(state);
    if (error != nullptr) {
      std::rethrow_exception(error);
    }
  } else {
    std::optional<Result> result;
    try {
      result.emplace(std::forward<Work>(work)());
    } catch (...) {
      error = std::current_exception();
    }
    reacquireGil(state);
    if (error != nullptr) {
      std::rethrow_exception(error);
    }
    return std::move(*result);
  }
}

}  // namespace hbm::python
