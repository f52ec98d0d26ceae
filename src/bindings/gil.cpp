#include "bindings/gil.hpp"

#include <unistd.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "bindings/notifier.hpp"

namespace hbm::python {
namespace {

std::atomic<bool> exiting{false};
std::atomic<unsigned long> mainThread{0};

// Threads that had looked at `exiting` just before it was set get the lock in this time.
constexpr auto kGrace = std::chrono::milliseconds(20);

}  // namespace

bool interpreterExiting() noexcept { return exiting.load(); }

bool onMainThread() noexcept { return PyThread_get_thread_ident() == mainThread.load(std::memory_order_relaxed); }

void reacquireGil(PyThreadState* state) {
  while (exiting.load() && !onMainThread()) {
    pause();
  }
  PyEval_RestoreThread(state);
}

void watchInterpreter() {
  mainThread = py::module_::import("threading").attr("main_thread")().attr("ident").cast<unsigned long>();
  py::module_::import("atexit").attr("register")(py::cpp_function([] {
    const py::gil_scoped_release release;
    drainNotifier();
    exiting.store(true);
    std::this_thread::sleep_for(kGrace);
  }));
}

bool signalRaised() {
  const py::gil_scoped_acquire acquire;
  return PyErr_CheckSignals() != 0;
}

}  // namespace hbm::python
