// The BPU cores: one worker thread each, which runs one task at a time.
//
// Submitted tasks wait in one list, in the order priority (bigger first), customId (smaller first), arrival. Whenever a
// task arrives or a core becomes free the list is walked in that order, and each task gets the free cores that it
// needs. One that needs several cores at once keeps its free ones for itself until all are free, so smaller tasks
// behind it cannot starve it. Tasks of priority 254 and 255 also make a running task of lower rank give way between two
// of its sub-tasks; it goes on where it stopped.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "bpusim/extension.h"
#include "hbucp/base/scheduler_limits.hpp"
#include "hbucp/tasks/task.hpp"

namespace bpusim {

inline constexpr std::int32_t kUrgent = 254;

class Scheduler {
 public:
  // Never destroyed: threads of the process may be inside while it exits.
  static Scheduler& instance();

  explicit Scheduler(std::int32_t cores) : coreCount_(cores) {}

  [[nodiscard]] std::int32_t coreCount() const { return coreCount_; }

  // Who computes a task: a core's thread, or the thread that submits it, where the task gets a core at once.
  enum class Where : std::uint8_t { kOnCore, kHere };

  // Checks the parameters (NULL: the defaults) and queues the task. It stays unsubmitted when that fails.
  [[nodiscard]] std::int32_t submit(const std::shared_ptr<Task>& task, const hbUCPSchedParam* parameters,
                                    Where where = Where::kOnCore);

  [[nodiscard]] bpusimCoreLoad load(std::int32_t core);

  // Takes new account of which cores the faults keep lost.
  void applyCoreLoss();

  // For the exit of the process: fails what waits, terminates what runs, and ends the threads within a bounded time.
  void stop();

  // True if this thread is a core's, or stands in for one.
  [[nodiscard]] static bool onWorker();

 private:
  using Clock = std::chrono::steady_clock;
  using CoreMask = std::uint32_t;

  struct Core {
    std::thread thread;
    std::condition_variable wake;
    std::shared_ptr<Task> assigned;  // to be run, or running
    std::thread::id guest;           // the thread that runs it in place of this core's; none: this core's does
    bool ended = false;              // the thread's work
    bool shortPause = false;         // the last one between two tasks
    Clock::time_point since;
    std::chrono::nanoseconds busy{0};
    std::int64_t finished = 0;
  };

  [[nodiscard]] std::int32_t place(const hbUCPSchedParam& parameters, std::int32_t width, Placement& placement) const;
  [[nodiscard]] CoreMask allCores() const { return (1U << static_cast<unsigned>(coreCount_)) - 1U; }

  // Under mutex_. dispatch() returns the cores whose threads have work now, for wake().
  void startThreads();
  void watchCoreLoss();
  void enqueue(std::shared_ptr<Task> task);
  [[nodiscard]] CoreMask dispatch();
  void show();  // on the status page
  void assign(const std::shared_ptr<Task>& task, CoreMask cores);
  void vacate(const Task& task, bool ended);
  [[nodiscard]] bool mustGiveWay(const Task& task) const;
  void wake(CoreMask cores);  // not under mutex_

  [[nodiscard]] static CoreMask bit(std::int32_t core) { return 1U << static_cast<unsigned>(core); }
  [[nodiscard]] static std::int32_t lowest(CoreMask cores) { return __builtin_ctz(cores); }
  [[nodiscard]] static bool hasWork(const Core& core) {
    return core.assigned != nullptr && core.guest == std::thread::id();
  }
  // Under mutex_: whether this thread runs the task that was dispatched, as the guest of its core.
  [[nodiscard]] bool receive(const Task& task);
  void serveAsGuest(std::int32_t index);
  // Runs the core's task on this thread and dispatches what comes next.
  void serve(std::int32_t index) noexcept;
  void work(std::int32_t index);
  void awaitWork(Core& core, std::unique_lock<std::mutex>& lock);
  void watchLoop();
  [[nodiscard]] bool allThreadsEnded() const;
  [[nodiscard]] bool runPart(Task& task);  // true when the task has ended

  const std::int32_t coreCount_;
  std::mutex mutex_;
  std::condition_variable threadEnded_;
  std::condition_variable lossChanged_;
  std::array<Core, kMaxCores> cores_;
  std::vector<std::shared_ptr<Task>> queue_;  // in order
  std::uint64_t arrivals_ = 0;
  CoreMask busy_ = 0;
  CoreMask lost_ = 0;
  bool running_ = false;  // the threads have been started
  std::atomic<bool> stopping_{false};
  std::uint64_t lossRevision_ = 0;
  std::thread lossWatcher_;
  bool lossWatcherEnded_ = false;
};

}  // namespace bpusim
