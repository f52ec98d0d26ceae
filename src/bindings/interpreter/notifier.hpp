// Calls into Python from threads of the core.
#pragma once

#include <functional>
#include <memory>

namespace hbm::python {

// Work that holds Python objects. Made with the GIL; when it dies without it, its objects are given back by the
// notifier.
class PyWork;
[[nodiscard]] std::shared_ptr<PyWork> holdPython(std::function<void()> work);

// Runs the work on the notifier thread, with the GIL; never on the calling thread, whose work must not wait for the
// GIL. What it raises is reported as unraisable. Dropped when the interpreter is exiting.
void notifyPython(std::shared_ptr<PyWork> work);

// Waits until the notifier has done what it was given so far, such as writing log lines; a short time at most, for a
// callback may take long. Without the GIL.
void drainNotifier();

}  // namespace hbm::python
