// fork() and exit().
#pragma once

namespace bpusim {

// The driver's threads, locks and handles do not survive fork(). A child whose parent had used the driver gets a status
// from every function; the child of a process that had not used it may.
[[nodiscard]] bool inForkedChild() noexcept;
void markUsed() noexcept;
[[nodiscard]] bool isUsed() noexcept;

// Makes exit() stop the scheduler before the destructors of libraries that were loaded up to now. Handlers run in
// reverse order of registration and the engine registers its own when it is loaded and during its first run, so this is
// called again after such moments.
void stopAtExit() noexcept;

}  // namespace bpusim
