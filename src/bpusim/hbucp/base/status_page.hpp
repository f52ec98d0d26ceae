// What other processes can see of this driver: a page of shared memory that `hbm-runtime monitor` reads.
//
// bpusim lives inside the process that uses it, so there is no service to ask. The page is an anonymous memory file,
// called "bpusim-status", which stays open: another process of the same user finds it below /proc/<pid>/fd, nothing is
// left behind when the process ends, however it ends, and it costs a few stores per task. BPUSIM_MONITOR=0 keeps it
// private. The page is only ever written here.
#pragma once

#include <array>
#include <cstdint>

#include "hbucp/base/scheduler_limits.hpp"
#include "never_destroyed.hpp"

namespace bpusim {

class StatusPage {
 public:
  struct Core {
    std::int64_t busyNs = 0;   // in tasks that ended or gave way
    std::int64_t sinceNs = 0;  // when the running task began, on CLOCK_MONOTONIC; 0 when none runs
    std::int64_t finishedTasks = 0;
    std::int32_t queued = 0;  // submitted tasks that wait and may run here
    std::int32_t lost = 0;    // 1 while a fault keeps it lost
  };
  using Cores = std::array<Core, kMaxCores>;

  // Never destroyed. Made at first use; when the system has no memory file left, nobody sees the page, and that is all.
  static StatusPage& instance() noexcept;

  // Not from two threads at a time.
  void showCores(const Cores& cores) noexcept;
  void showMemory(std::int64_t blocks, std::int64_t bytes) noexcept;
  void showTasks(std::int64_t handles) noexcept;

 private:
  friend class hbm::NeverDestroyed<StatusPage>;
  struct Layout;

  StatusPage();

  // Where others see it, or only this process.
  [[nodiscard]] static Layout& place();

  Layout& layout_;
};

}  // namespace bpusim
