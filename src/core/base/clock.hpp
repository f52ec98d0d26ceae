// The one clock of requests and records, and the name of the thread that looks at it.
#pragma once

#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>

namespace hbm {

// Nanoseconds of CLOCK_MONOTONIC.
[[nodiscard]] inline std::int64_t nowNs() {
  return std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count();
}

[[nodiscard]] inline std::int64_t kernelThreadId() {
  thread_local const auto id = static_cast<std::int64_t>(syscall(SYS_gettid));
  return id;
}

}  // namespace hbm
