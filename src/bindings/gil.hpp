// The global interpreter lock around work that takes time.
#pragma once

#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

#include "bindings/bindings.hpp"

namespace hbm::python {

// Takes the lock back. In a thread that outlives the interpreter it never returns: CPython would end the thread by
// unwinding through C++ frames, which aborts the process.
void reacquireGil(PyThreadState* state);

// Whether the interpreter is on its way out: no thread but the main one may ask for the lock.
[[nodiscard]] bool interpreterExiting() noexcept;

// Registers with the interpreter's exit, and notes its main thread.
void watchInterpreter();

// For CallOptions::interrupted: lets Python look at signals. True when a handler raised; the exception is then set.
[[nodiscard]] bool signalRaised();

// Whether this is the thread that handles signals.
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
