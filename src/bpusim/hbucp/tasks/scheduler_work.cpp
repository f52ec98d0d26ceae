// How tasks are computed: on the threads of the cores, or on a client's thread that would only wait for them.
#include <sched.h>

#include "hbucp/base/settings.hpp"
#include "hbucp/faults/faults.hpp"
#include "hbucp/tasks/process.hpp"
#include "hbucp/tasks/scheduler.hpp"

namespace bpusim {
namespace {

constexpr auto kLongestSpin = std::chrono::microseconds(50);
constexpr auto kShortPause = std::chrono::microseconds(100);

thread_local bool thisIsWorker = false;

void pinThisThread(std::int32_t core) {
  const std::vector<int>& cpus = settings().cpus;
  if (cpus.empty()) {
    return;
  }
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(static_cast<std::size_t>(cpus[static_cast<std::size_t>(core) % cpus.size()]), &one);
  // Not being pinned is no reason to fail.
  [[maybe_unused]] const int failed = sched_setaffinity(0, sizeof one, &one);
}

}  // namespace

bool Scheduler::onWorker() { return thisIsWorker; }

bool Scheduler::runPart(Task& task) {
  while (task.runNext()) {
    const std::lock_guard lock(mutex_);
    if ((lost_ & task.placement.occupied) != 0 || mustGiveWay(task)) {
      return false;
    }
  }
  return true;
}

// Short tasks follow each other closely, and a halted processor takes longer to wake than they take. So a core whose
// last pause was short looks for work a little before it sleeps; yielding, it takes no processor that others want.
void Scheduler::awaitWork(Core& core, std::unique_lock<std::mutex>& lock) {
  const auto ready = [&] { return hasWork(core) || stopping_; };
  const auto begin = Clock::now();
  while (core.shortPause && !ready() && Clock::now() - begin < kLongestSpin) {
    lock.unlock();
    std::this_thread::yield();
    lock.lock();
  }
  core.wake.wait(lock, ready);
  core.shortPause = Clock::now() - begin < kShortPause;
}

void Scheduler::serve(std::int32_t index) noexcept {
  Core& core = cores_[static_cast<std::size_t>(index)];
  const std::shared_ptr<Task> task = core.assigned;
  const bool ended = runPart(*task);
  if (ended && !stopping_) {
    task->callBack();
  }
  CoreMask ready = 0;
  bool first = false;
  bool guest = false;
  {
    const std::lock_guard lock(mutex_);
    guest = !hasWork(core);
    core.assigned = nullptr;
    core.guest = {};
    vacate(*task, ended);
    first = core.finished == 1;
    if (!ended && !stopping_) {
      enqueue(task);
    }
    ready = dispatch();
  }
  wake(guest ? ready : ready & ~bit(index));
  if (ended) {
    task->finish();
  }
  if (first) {
    stopAtExit();
  }
}

void Scheduler::work(std::int32_t index) {
  thisIsWorker = true;
  pinThisThread(index);
  Core& core = cores_[static_cast<std::size_t>(index)];
  std::unique_lock lock(mutex_);
  while (true) {
    awaitWork(core, lock);
    if (!hasWork(core)) {
      break;
    }
    lock.unlock();
    serve(index);
    lock.lock();
  }
  core.ended = true;
  threadEnded_.notify_all();
}

// Not where this thread has to be another one: pinned to a processor, or free to release a task that faults keep, to
// take a signal or to serve others while a task takes long that nobody could expect to.
bool Scheduler::receive(const Task& task) {
  if (task.placement.occupied == 0 || thisIsWorker || !settings().cpus.empty() || faults::active() ||
      !task.isLikeTheLast()) {
    return false;
  }
  cores_[static_cast<std::size_t>(lowest(task.placement.occupied))].guest = std::this_thread::get_id();
  return true;
}

void Scheduler::serveAsGuest(std::int32_t index) {
  thisIsWorker = true;
  serve(index);
  thisIsWorker = false;
  if (stopping_) {
    const std::lock_guard lock(mutex_);  // stop() waits for guests, too
    threadEnded_.notify_all();
  }
}

}  // namespace bpusim
