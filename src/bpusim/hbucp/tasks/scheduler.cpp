#include "hbucp/tasks/scheduler.hpp"

#include <algorithm>
#include <string>
#include <tuple>

#include "hbucp/base/failure.hpp"
#include "hbucp/base/settings.hpp"
#include "hbucp/base/status_page.hpp"
#include "hbucp/tasks/process.hpp"
#include "never_destroyed.hpp"
#include "threads/helper_thread.hpp"

namespace bpusim {
namespace {

// Before which tasks a task is served.
auto rank(const Task& task) {
  return std::tuple(-task.placement.priority, task.placement.customId, task.placement.arrival);
}

}  // namespace

Scheduler& Scheduler::instance() {
  static hbm::NeverDestroyed<Scheduler> scheduler(settings().platform.cores);
  return *scheduler;
}

std::int32_t Scheduler::submit(const std::shared_ptr<Task>& task, const hbUCPSchedParam* parameters, Where where) {
  hbUCPSchedParam defaults;
  HB_UCP_INITIALIZE_SCHED_PARAM(&defaults);
  Placement placement;
  if (const std::int32_t status = place(parameters != nullptr ? *parameters : defaults, task->cores(), placement);
      status != HB_UCP_SUCCESS) {
    return status;
  }
  if (const std::int32_t status = task->beginSubmit(); status != HB_UCP_SUCCESS) {
    return status;
  }
  task->placement = placement;
  CoreMask ready = 0;
  bool here = false;
  try {
    const std::lock_guard lock(mutex_);
    if (stopping_) {
      task->undoSubmit();
      return reportFailure(HB_UCP_API_USE_ERROR, "the process is exiting", LogLevel::kInfo);
    }
    startThreads();
    task->placement.arrival = arrivals_++;
    enqueue(task);
    ready = dispatch();
    here = where == Where::kHere && receive(*task);
  } catch (const std::exception& error) {
    task->undoSubmit();
    return reportFailure(HB_UCP_MEM_ALLOC_FAIL, std::string("the cores' threads cannot be started: ") + error.what());
  }
  if (here) {
    const std::int32_t core = lowest(task->placement.occupied);
    wake(ready & ~bit(core));
    serveAsGuest(core);
  } else {
    wake(ready);
  }
  return HB_UCP_SUCCESS;
}

std::int32_t Scheduler::place(const hbUCPSchedParam& parameters, std::int32_t width, Placement& placement) const {
  constexpr std::uint64_t kNumberedCores = 0x7F;
  if (parameters.priority < HB_UCP_PRIORITY_LOWEST || parameters.priority > HB_UCP_PRIORITY_HIGHEST) {
    return reportFailure(HB_UCP_INVALID_ARGUMENT,
                         "priority is " + std::to_string(parameters.priority) + "; it must be 0 to 255");
  }
  if (parameters.deviceId != 0) {
    return reportFailure(HB_UCP_INVALID_ARGUMENT,
                         "deviceId is " + std::to_string(parameters.deviceId) + "; there is device 0 only");
  }
  const bool any = parameters.backend == HB_UCP_CORE_ANY || (parameters.backend & HB_UCP_BPU_CORE_ANY) != 0;
  const auto named = static_cast<CoreMask>(parameters.backend & kNumberedCores);
  if (width > 1) {
    if (any || __builtin_popcount(named) != width || (named & ~allCores()) != 0) {
      return reportFailure(HB_UCP_INVALID_ARGUMENT, "the model is compiled for " + std::to_string(width) +
                                                        " cores, so backend must name exactly that many of the " +
                                                        std::to_string(coreCount_) + " BPU cores");
    }
    placement.cores = named;
  } else {
    placement.cores = any ? allCores() : named & allCores();
    if (placement.cores == 0) {
      return reportFailure(HB_UCP_INVALID_ARGUMENT,
                           "backend names no core that can run the task: " + std::string(settings().socName) + " has " +
                               std::to_string(coreCount_) + " BPU core(s), from 0 on");
    }
  }
  placement.priority = parameters.priority;
  placement.customId = parameters.customId;
  placement.width = width;
  return HB_UCP_SUCCESS;
}

bpusimCoreLoad Scheduler::load(std::int32_t core) {
  const std::lock_guard lock(mutex_);
  const Core& of = cores_[static_cast<std::size_t>(core)];
  const bool running = (busy_ & bit(core)) != 0;
  std::chrono::nanoseconds busy = of.busy;
  if (running) {
    busy += Clock::now() - of.since;
  }
  const auto queued = std::count_if(queue_.begin(), queue_.end(),
                                    [&](const auto& task) { return (task->placement.cores & bit(core)) != 0; });
  return {busy.count(), of.finished, running ? 1 : 0, static_cast<std::int32_t>(queued)};
}

void Scheduler::enqueue(std::shared_ptr<Task> task) {
  const auto behind = std::upper_bound(queue_.begin(), queue_.end(), task,
                                       [](const auto& a, const auto& b) { return rank(*a) < rank(*b); });
  queue_.insert(behind, std::move(task));
}

Scheduler::CoreMask Scheduler::dispatch() {
  CoreMask available = allCores() & ~busy_ & ~lost_;
  CoreMask ready = 0;
  for (auto next = queue_.begin(); next != queue_.end() && available != 0;) {
    const std::shared_ptr<Task>& task = *next;
    const CoreMask allowed = task->placement.cores;
    CoreMask taken = 0;
    if (task->placement.width == 1) {
      const CoreMask choice = available & allowed;
      taken = choice != 0 ? bit(lowest(choice)) : 0;
    } else if ((available & allowed) == allowed) {
      taken = allowed;
    } else if ((lost_ & allowed) == 0) {
      available &= ~allowed;
    }
    if (taken == 0) {
      ++next;
      continue;
    }
    available &= ~taken;
    assign(task, taken);
    ready |= bit(lowest(taken));
    next = queue_.erase(next);
  }
  show();
  return ready;
}

void Scheduler::show() {
  StatusPage::Cores shown;
  for (std::int32_t index = 0; index < coreCount_; ++index) {
    const Core& core = cores_[static_cast<std::size_t>(index)];
    StatusPage::Core& as = shown[static_cast<std::size_t>(index)];
    as.busyNs = core.busy.count();
    as.sinceNs = (busy_ & bit(index)) != 0 ? std::chrono::nanoseconds(core.since.time_since_epoch()).count() : 0;
    as.finishedTasks = core.finished;
    as.lost = (lost_ & bit(index)) != 0 ? 1 : 0;
  }
  for (const std::shared_ptr<Task>& task : queue_) {
    for (CoreMask allowed = task->placement.cores; allowed != 0; allowed &= allowed - 1) {
      ++shown[static_cast<std::size_t>(lowest(allowed))].queued;
    }
  }
  StatusPage::instance().showCores(shown);
}

void Scheduler::assign(const std::shared_ptr<Task>& task, CoreMask cores) {
  const Clock::time_point now = Clock::now();
  task->placement.occupied = cores;
  busy_ |= cores;
  for (CoreMask rest = cores; rest != 0; rest &= rest - 1) {
    cores_[static_cast<std::size_t>(lowest(rest))].since = now;
  }
  // One thread runs a task of several cores; the threads of the others have nothing to do meanwhile.
  Core& leader = cores_[static_cast<std::size_t>(lowest(cores))];
  leader.assigned = task;
}

void Scheduler::vacate(const Task& task, bool ended) {
  const Clock::time_point now = Clock::now();
  for (CoreMask rest = task.placement.occupied; rest != 0; rest &= rest - 1) {
    Core& core = cores_[static_cast<std::size_t>(lowest(rest))];
    core.busy += now - core.since;
    core.finished += ended ? 1 : 0;
  }
  busy_ &= ~task.placement.occupied;
}

bool Scheduler::mustGiveWay(const Task& task) const {
  return std::any_of(queue_.begin(), queue_.end(), [&](const auto& waiting) {
    const Placement& other = waiting->placement;
    return other.priority >= kUrgent && other.priority > task.placement.priority &&
           (other.cores & task.placement.occupied) != 0 && (other.width == 1 || (other.cores & lost_) == 0);
  });
}

void Scheduler::wake(CoreMask cores) {
  for (; cores != 0; cores &= cores - 1) {
    cores_[static_cast<std::size_t>(lowest(cores))].wake.notify_one();
  }
}

void Scheduler::startThreads() {
  if (running_) {
    return;
  }
  for (std::int32_t index = 0; index < coreCount_; ++index) {
    Core& core = cores_[static_cast<std::size_t>(index)];
    if (!core.thread.joinable()) {
      core.thread = hbm::startHelperThread("bpusim-core" + std::to_string(index), [this, index] { work(index); });
    }
  }
  running_ = true;
  stopAtExit();
  watchCoreLoss();
}

}  // namespace bpusim
