// Threads of the driver: named, and with all signals blocked, which are for the program's own threads.
#pragma once

#include <pthread.h>

#include <csignal>
#include <string>
#include <thread>
#include <utility>

namespace bpusim {

// Throws std::system_error when the system has no thread left.
template <class Body>
[[nodiscard]] std::thread startThread(std::string name, Body&& body) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  struct Restored {
    const sigset_t& mask;
    ~Restored() { pthread_sigmask(SIG_SETMASK, &mask, nullptr); }
  } const restored{before};
  return std::thread([name = std::move(name), body = std::forward<Body>(body)]() mutable {
    pthread_setname_np(pthread_self(), name.c_str());
    body();
  });
}

}  // namespace bpusim
