#include "hbucp/tasks/process.hpp"

#include <pthread.h>

#include <atomic>
#include <cstdlib>

#include "hbucp/tasks/scheduler.hpp"

namespace bpusim {
namespace {

std::atomic<bool> used{false};
std::atomic<bool> forkedChild{false};

void afterForkInChild() { forkedChild.store(used.load()); }

[[maybe_unused]] const int registered = pthread_atfork(nullptr, nullptr, afterForkInChild);

void stop() {
  if (!inForkedChild()) {
    Scheduler::instance().stop();
  }
}

}  // namespace

bool inForkedChild() noexcept { return forkedChild.load(std::memory_order_relaxed); }

void markUsed() noexcept {
  if (!used.load(std::memory_order_relaxed)) {
    used.store(true);
  }
}

bool isUsed() noexcept { return used.load(std::memory_order_relaxed); }

void stopAtExit() noexcept {
  // Without the handler an exit with work in flight is less orderly; that is all.
  [[maybe_unused]] const int failed = std::atexit(stop);
}

}  // namespace bpusim
