// How threads wait for a request, and what happens when the driver does not say whether a task has ended.
#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>

#include "core/driver/status.hpp"
#include "core/request/request.hpp"
#include "threads/helper_thread.hpp"

namespace hbm {
namespace {

using Clock = std::chrono::steady_clock;

// So often a waiting thread looks up: for signals, and for its time limit.
constexpr auto kSlice = std::chrono::milliseconds(100);

// So often a task is asked for again when the driver failed to tell whether it has ended.
constexpr int kLateWaits = 100;

// True if a wait that gave this status means that the task has ended. The others are about the call, or about nothing.
bool tellsEnd(std::int32_t status) noexcept {
  switch (status) {
    case HB_UCP_TASK_TIMEOUT:
    case HB_UCP_INVALID_ARGUMENT:
    case HB_UCP_API_USE_ERROR:
    case HB_UCP_INIT_FAILED:
    case HB_UCP_UNKNOWN_ERROR:
    case HB_UCP_TASK_HANDLE_INVALID:
      return false;
    default:
      return true;
  }
}

// The same for two waits, of which the first did not tell: a task may have ended with an unknown error itself.
bool overAfter(std::int32_t first, std::int32_t second) noexcept {
  return tellsEnd(second) || (first == HB_UCP_UNKNOWN_ERROR && second == HB_UCP_UNKNOWN_ERROR);
}

// Tasks that take less than this, waking threads included, are waited for awake.
constexpr std::int64_t kQuickNs = 100'000;

// A processor that was put to sleep takes longer to wake than a quick task takes. Yielding, this takes none that others
// want.
template <class Condition>
void waitAwake(std::unique_lock<std::mutex>& lock, const Condition& condition) {
  constexpr auto kLongest = std::chrono::microseconds(50);
  const auto begin = Clock::now();
  while (!condition() && Clock::now() - begin < kLongest) {
    lock.unlock();
    std::this_thread::yield();
    lock.lock();
  }
}

// True if this driver was seen to refuse a wait after one that had timed out.
std::atomic<bool> refusesSecondWait{false};

// Requests whose task nobody waits for, because the system had no thread left or no memory for one. They keep
// themselves, linked to each other, so that this needs no memory; the next caller tries again.
std::mutex unattendedMutex;
RequestImpl* firstUnattended = nullptr;
std::atomic<bool> anyUnattended{false};

}  // namespace

bool RequestImpl::wait(std::optional<std::chrono::nanoseconds> timeout) {
  if (!timeout) {
    return waitUntil(std::nullopt, nullptr);
  }
  return waitUntil(Clock::now() + *timeout, nullptr);
}

bool RequestImpl::waitUntil(std::optional<Clock::time_point> until, const std::function<bool()>& interrupted) {
  Driver::refuseFork();
  {
    const std::lock_guard lock(mutex_);
    ++waiters_;
    noteWaitBegin();
  }
  bool ended = waitSlices(until, interrupted);
  std::optional<std::int32_t> report;
  {
    const std::lock_guard lock(mutex_);
    --waiters_;
    report = takeReport();  // the task has ended just when this thread gave up
    noteWaitEnd();
  }
  if (report) {
    completeByCallback(*report);
    ended = true;
  }
  return ended;
}

std::optional<std::int32_t> RequestImpl::takeReport() noexcept {
  std::optional<std::int32_t> report;
  report.swap(reported_);
  return report;
}

bool RequestImpl::waitSlices(std::optional<Clock::time_point> until, const std::function<bool()>& interrupted) {
  const bool lookUp = until || interrupted;
  while (true) {
    auto slice = std::chrono::duration_cast<std::chrono::nanoseconds>(kSlice);
    if (until) {
      slice = std::clamp<std::chrono::nanoseconds>(*until - Clock::now(), std::chrono::nanoseconds(0), slice);
    }
    bool onDriver = false;
    std::optional<std::int32_t> report;
    {
      std::unique_lock lock(mutex_);
      const auto awaited = [this] {
        return final(state_) || reported_ || (completion_ == Completion::kByWaiter && state_ == RequestState::kRunning);
      };
      if (model_->lastTaskNs.load(std::memory_order_relaxed) < kQuickNs) {
        waitAwake(lock, awaited);
      }
      if (!awaited()) {
        if (lookUp) {
          changed_.wait_for(lock, slice, awaited);
        } else {
          changed_.wait(lock, awaited);
        }
      }
      if (final(state_)) {
        return true;
      }
      report = takeReport();
      onDriver = awaited();
    }
    if (report) {
      completeByCallback(*report);
      return true;
    }
    if (onDriver) {
      const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(slice).count();
      // 0 would wait for ever.
      if (waitOnDriver(lookUp ? std::max<std::int32_t>(1, static_cast<std::int32_t>(milliseconds)) : 0)) {
        return true;
      }
    }
    if (until && Clock::now() >= *until) {
      return false;
    }
    if (interrupted && interrupted()) {
      return false;
    }
    Driver::refuseFork();  // a signal's handler may have forked
  }
}

bool RequestImpl::waitOnDriver(std::int32_t milliseconds) noexcept {
  if (milliseconds != 0 && refusesSecondWait.load(std::memory_order_relaxed)) {
    leaveToThread();
    return false;
  }
  const std::int32_t status = inference_.wait(milliseconds);
  if (status == HB_UCP_TASK_TIMEOUT) {
    timedOut_ = true;
    return false;
  }
  if (tellsEnd(status)) {
    complete(status);
  } else if (timedOut_) {
    leaveToThread();
    return false;
  } else {
    completeUnknown(status);
  }
  return true;
}

void RequestImpl::leaveToThread() noexcept {
  {
    const std::lock_guard lock(mutex_);
    if (completion_ == Completion::kByThread) {
      return;
    }
    completion_ = Completion::kByThread;
  }
  if (!startWaiter()) {
    leaveUnattended();
  }
}

bool RequestImpl::startWaiter() noexcept {
  try {
    startHelperThread("hbm-waiter", [self = shared_from_this()] {
      self->waitForTask();
      attend();
    }).detach();
    return true;
  } catch (const std::exception&) {
    return false;
  }
}

void RequestImpl::leaveUnattended() noexcept {
  const std::lock_guard lock(unattendedMutex);
  unattendedSelf_ = shared_from_this();
  nextUnattended_ = std::exchange(firstUnattended, this);
  anyUnattended.store(true, std::memory_order_relaxed);
}

void RequestImpl::attend() noexcept {
  if (!anyUnattended.load(std::memory_order_relaxed)) {
    return;
  }
  RequestImpl* next = nullptr;
  {
    const std::lock_guard lock(unattendedMutex);
    next = std::exchange(firstUnattended, nullptr);
    anyUnattended.store(false, std::memory_order_relaxed);
  }
  while (next != nullptr) {
    const std::shared_ptr<RequestImpl> request = std::move(next->unattendedSelf_);
    next = std::exchange(request->nextUnattended_, nullptr);
    if (!request->startWaiter()) {
      request->leaveUnattended();
    }
  }
}

SharedError RequestImpl::waitingError(std::int32_t status) const noexcept {
  return errorOr(model_->outOfMemory,
                 [&] { return driverError(model_->driver, "hbUCPWaitTaskDone", status, model_->info.name); });
}

void RequestImpl::completeUnknown(std::int32_t status) noexcept {
  end(RequestState::kFailed, {}, waitingError(status));
  // The device may still write: everything stays until a second wait says that it is done.
  if (overAfter(status, inference_.wait(static_cast<std::int32_t>(kSlice.count())))) {
    giveBack();
  } else {
    leaveToThread();
  }
}

void RequestImpl::waitForTask() noexcept {
  std::int32_t status = inference_.wait(0);
  if (tellsEnd(status)) {
    complete(status);
    return;
  }
  if (timedOut_) {
    refusesSecondWait.store(true);  // the requests to come get a thread from the start
  }
  end(RequestState::kFailed, {}, waitingError(status));
  for (int i = 0; i < kLateWaits; ++i) {
    std::this_thread::sleep_for(kSlice);
    const std::int32_t again = inference_.wait(1);
    if (overAfter(status, again)) {
      giveBack();
      return;
    }
    status = again;
  }
  // Nobody can tell when the device is done with this memory.
  inference_.leak();
  Dispatcher::get().taskEnded();
}

}  // namespace hbm
