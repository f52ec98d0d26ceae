// Threads of the runtime and of bpusim take no signals: those are for the program's own threads, which may wait for
// them.
#pragma once

#include <pthread.h>

#include <csignal>
#include <string>
#include <thread>
#include <utility>

namespace hbm {

// While one lives, the calling thread and those that it starts take no signals but those of their own mistakes.
class BlockedSignals {
 public:
  BlockedSignals() noexcept {
    sigset_t blocked;
    sigfillset(&blocked);
    for (const int own : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT}) {
      sigdelset(&blocked, own);
    }
    pthread_sigmask(SIG_BLOCK, &blocked, &before_);
  }
  BlockedSignals(const BlockedSignals&) = delete;
  BlockedSignals& operator=(const BlockedSignals&) = delete;
  ~BlockedSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_{};
};

// `name` has at most 15 bytes. Throws std::system_error when the system has no thread left.
template <class Body>
[[nodiscard]] std::thread startHelperThread(std::string name, Body&& body) {
  const BlockedSignals blocked;
  return std::thread([name = std::move(name), body = std::forward<Body>(body)]() mutable {
    pthread_setname_np(pthread_self(), name.c_str());
    body();
  });
}

}  // namespace hbm
