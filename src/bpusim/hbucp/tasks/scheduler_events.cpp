// What interrupts the scheduler's normal course: cores that faults take away, and the end of the process.
#include <algorithm>
#include <utility>

#include "hbucp/base/log.hpp"
#include "hbucp/faults/faults.hpp"
#include "hbucp/tasks/scheduler.hpp"
#include "threads/helper_thread.hpp"

namespace bpusim {
namespace {

// The engine stops a run at the next border between two operators. What takes longer than this is left behind.
constexpr std::chrono::milliseconds kExitTime{600};

constexpr const char* kExiting = "the process is exiting";
constexpr const char* kLost = "the task's core was lost, as BPUSIM_FAULT or setFaults() asks";

}  // namespace

void Scheduler::applyCoreLoss() {
  CoreMask ready = 0;
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) {
      return;
    }
    lost_ = faults::coreLoss().lost;
    for (const Core& core : cores_) {
      if (core.assigned != nullptr && (core.assigned->placement.occupied & lost_) != 0) {
        core.assigned->terminate(HB_UCP_TASK_RUN_FAILED, kLost);
      }
    }
    ready = dispatch();
    ++lossRevision_;
    if (running_) {
      watchCoreLoss();
    }
  }
  wake(ready);
  lossChanged_.notify_all();
}

void Scheduler::watchCoreLoss() {
  const faults::CoreLoss loss = faults::coreLoss();
  lost_ = loss.lost;
  if (loss.changes && !lossWatcher_.joinable()) {
    lossWatcher_ = hbm::startHelperThread("bpusim-faults", [this] { watchLoop(); });
  }
}

void Scheduler::watchLoop() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    const std::uint64_t revision = lossRevision_;
    const auto changed = [&] { return stopping_ || lossRevision_ != revision; };
    if (const faults::CoreLoss loss = faults::coreLoss(); loss.lost != lost_) {
      lock.unlock();
      applyCoreLoss();
      lock.lock();
    } else if (loss.changes) {
      lossChanged_.wait_until(lock, *loss.changes, changed);
    } else {
      lossChanged_.wait(lock, changed);
    }
  }
  lossWatcherEnded_ = true;
  threadEnded_.notify_all();
}

bool Scheduler::allThreadsEnded() const {
  const auto ended = [](const Core& core) {
    // exit() may have been called by a callback, on a core's own thread or on that of its guest.
    const std::thread::id self = std::this_thread::get_id();
    const bool served = core.guest != std::thread::id() && core.guest != self;
    return !served && (core.ended || !core.thread.joinable() || core.thread.get_id() == self);
  };
  return std::all_of(cores_.begin(), cores_.end(), ended) && (lossWatcherEnded_ || !lossWatcher_.joinable());
}

void Scheduler::stop() {
  const Clock::time_point deadline = Clock::now() + kExitTime;
  std::vector<std::shared_ptr<Task>> waiting;
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) {
      return;
    }
    stopping_ = true;
    waiting.swap(queue_);
    for (const Core& core : cores_) {
      if (core.assigned != nullptr) {
        core.assigned->terminate(HB_UCP_TASK_RUN_FAILED, kExiting);
      }
    }
  }
  for (const std::shared_ptr<Task>& task : waiting) {
    task->giveUp(HB_UCP_TASK_RUN_FAILED, kExiting);
    task->finish();
  }
  wake(allCores());
  lossChanged_.notify_all();

  std::unique_lock lock(mutex_);
  if (!threadEnded_.wait_until(lock, deadline, [&] { return allThreadsEnded(); })) {
    log(LogLevel::kWarn, "the process exits while a core is still computing");
  }
  for (Core& core : cores_) {
    if (core.thread.joinable()) {
      lock.unlock();
      core.ended ? core.thread.join() : core.thread.detach();
      lock.lock();
    }
  }
  if (lossWatcher_.joinable()) {
    lock.unlock();
    lossWatcherEnded_ ? lossWatcher_.join() : lossWatcher_.detach();
  }
}

}  // namespace bpusim
