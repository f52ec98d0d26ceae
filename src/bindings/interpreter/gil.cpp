#include "bindings/interpreter/gil.hpp"

#include <unistd.h>

#include <atomic>
#include <exception>

#include "bindings/interpreter/notifier.hpp"
#include "loader/driver.hpp"

namespace hbm::python {
namespace {

// Set when the interpreter has ended and its thread states are gone.
std::atomic<bool> ended{false};
std::atomic<unsigned long> mainThread{0};

// Where threading was not imported yet, which takes long, it takes the thread that imports it for the main one, too.
void noteMainThread() {
  const py::dict modules = py::module_::import("sys").attr("modules");
  mainThread = modules.contains("threading")
                   ? modules["threading"].attr("main_thread")().attr("ident").cast<unsigned long>()
                   : PyThread_get_thread_ident();
}

[[noreturn]] void pauseForEver() noexcept {
  while (true) {
    pause();
  }
}

// Before Python 3.14 a thread that wants the GIL of an interpreter that ends is ended by force, by an unwinding
// that is no std::exception. Such threads pause here.
template <class Acquire>
void acquireOrPause(const Acquire& acquire) {
  try {
    acquire();
  } catch (const std::exception&) {
    throw;
  } catch (...) {
    pauseForEver();
  }
}

}  // namespace

bool interpreterEnding() noexcept {
#if PY_VERSION_HEX >= 0x030D0000
  return ended.load() || Py_IsFinalizing() != 0;
#else
  return ended.load() || _Py_IsFinalizing() != 0;
#endif
}

bool onMainThread() noexcept { return PyThread_get_thread_ident() == mainThread.load(std::memory_order_relaxed); }

void reacquireGil(PyThreadState* state) {
  if (ended.load()) {
    pauseForEver();
  }
  acquireOrPause([&] { PyEval_RestoreThread(state); });
}

ForeignGil::ForeignGil() {
  acquireOrPause([&] { lock_.emplace(); });
}

void watchInterpreter() {
  noteMainThread();
  // In the child of a fork the thread that forked is the main one.
  py::module_::import("os").attr("register_at_fork")(py::arg("after_in_child") = py::cpp_function(noteMainThread));
  // Log lines and callbacks that wait for the lock still get it.
  py::module_::import("atexit").attr("register")(py::cpp_function([] {
    if (!Driver::forked()) {
      const py::gil_scoped_release release;
      drainNotifier();
    }
  }));
  ended.store(false);  // an embedding program may start another interpreter
  static_cast<void>(Py_AtExit([] { ended.store(true); }));
}

bool signalRaised() {
  const py::gil_scoped_acquire acquire;
  return PyErr_CheckSignals() != 0;
}

}  // namespace hbm::python
