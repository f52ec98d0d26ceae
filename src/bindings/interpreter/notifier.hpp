// Calls into Python from threads of the core.
#pragma once

#include <functional>
#include <memory>

namespace hbm::python {

// Work that holds Python objects. Made with the GIL; when it dies without it, its objects are given back by the
// notifier.
class PyWork;
[[nodiscard]] std::shared_ptr<PyWork> holdPython(std::function<void()> work);

// Runs the work, once, on the notifier thread, with the GIL; on the calling thread, whose work should not wait for the
// GIL, only where the system has no thread left. What it raises is reported as unraisable. Dropped when the interpreter
// is exiting.
void notifyPython(PyWork& work) noexcept;

// Waits until the notifier has done what it was given so far, such as writing log lines; a short time at most, for a
// callback may take long. Without the GIL.
void drainNotifier() noexcept;

}  // namespace hbm::python
