#include "hbucp/tasks/task.hpp"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <utility>

#include "hbucp/base/failure.hpp"
#include "hbucp/base/log.hpp"
#include "hbucp/faults/faults.hpp"
#include "hbucp/tasks/scheduler.hpp"
#include "kept_text.hpp"
#include "status_text.hpp"

namespace bpusim {
namespace {

std::int64_t nowNs() { return std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count(); }

std::int64_t threadId() {
  thread_local const auto id = static_cast<std::int64_t>(syscall(SYS_gettid));
  return id;
}

}  // namespace

Task::Task(std::unique_ptr<Job> job, TaskPlace place) : cores_(job->cores()), place_(std::move(place)) {
  jobs_.push_back(std::move(job));
}

std::int32_t Task::append(std::unique_ptr<Job> job) {
  const std::lock_guard lock(mutex_);
  if (state_ != State::kCreated) {
    return reportFailure(HB_UCP_API_USE_ERROR, "the task has been submitted; a sub-task can be added before that only");
  }
  if (jobs_.size() >= kLargestBatch) {
    return reportFailure(HB_UCP_TASK_NUMBER_EXCEED_LIMIT,
                         "the task has " + std::to_string(kLargestBatch) + " sub-tasks, the most");
  }
  if (cores_ > 1 || job->cores() > 1) {
    return reportFailure(HB_UCP_API_USE_ERROR, "a model compiled for several cores needs a task of its own");
  }
  jobs_.push_back(std::move(job));
  return HB_UCP_SUCCESS;
}

bool Task::isLikeTheLast() const noexcept {
  return std::all_of(jobs_.begin(), jobs_.end(), [](const auto& job) { return job->isLikeTheLast(); });
}

std::int32_t Task::setCallback(hbUCPTaskDoneCb callback, void* userdata) {
  const std::lock_guard lock(mutex_);
  if (state_ != State::kCreated) {
    return reportFailure(HB_UCP_API_USE_ERROR, "the task has been submitted; its callback is set before that");
  }
  callback_ = callback;
  userdata_ = userdata;
  return HB_UCP_SUCCESS;
}

std::int32_t Task::beginSubmit() {
  const std::lock_guard lock(mutex_);
  if (state_ != State::kCreated) {
    return reportFailure(HB_UCP_API_USE_ERROR, "the task has been submitted before; a handle can be submitted once");
  }
  state_ = State::kSubmitted;
  return HB_UCP_SUCCESS;
}

void Task::undoSubmit() {
  const std::lock_guard lock(mutex_);
  state_ = State::kCreated;
}

std::int32_t Task::wait(std::int32_t timeoutMs) {
  std::unique_lock lock(mutex_);
  if (state_ == State::kCreated) {
    return reportFailure(HB_UCP_API_USE_ERROR, "the task has not been submitted");
  }
  // Inside its own callback the task has ended; for all others when the callback has returned.
  const auto over = [&] {
    return state_ == State::kDone || (state_ == State::kEnded && callbackThread_ == std::this_thread::get_id());
  };
  if (!over()) {
    if (Scheduler::onWorker()) {
      return reportFailure(HB_UCP_API_USE_ERROR,
                           "a callback cannot wait for another task: it holds the core that may have to run it");
    }
    if (timeoutMs == 0) {
      done_.wait(lock, over);
    } else if (!done_.wait_for(lock, std::chrono::milliseconds(timeoutMs), over)) {
      return reportFailure(HB_UCP_TASK_TIMEOUT, "the task has not ended within " + std::to_string(timeoutMs) + " ms",
                           LogLevel::kDebug);
    }
  }
  return status_ == HB_UCP_SUCCESS ? status_ : reportFailure(status_, errorText(), LogLevel::kDebug);
}

std::int32_t Task::withEndedJob(std::int32_t subTask, std::int32_t (*visit)(Job*, void*), void* context) {
  const std::lock_guard lock(mutex_);
  if (state_ < State::kEnded) {
    return reportFailure(HB_UCP_API_USE_ERROR, "the task has not ended");
  }
  if (status_ != HB_UCP_SUCCESS) {
    return reportFailure(HB_UCP_API_USE_ERROR, std::string("the task has failed: ") + errorText());
  }
  if (subTask < 0 || static_cast<std::size_t>(subTask) >= jobs_.size()) {
    return reportFailure(HB_UCP_INVALID_ARGUMENT, "there is no sub-task " + std::to_string(subTask) +
                                                      ": the task has " + std::to_string(jobs_.size()));
  }
  return visit(jobs_[static_cast<std::size_t>(subTask)].get(), context);
}

std::int32_t Task::times(bpusimTaskTimes& times) {
  const std::lock_guard lock(mutex_);
  if (state_ < State::kEnded) {
    return reportFailure(HB_UCP_API_USE_ERROR, "the task has not ended");
  }
  times = times_;
  return HB_UCP_SUCCESS;
}

void Task::release() {
  {
    const std::lock_guard lock(mutex_);
    released_ = true;
    goOn_.store(true);
    dropIfOver();
  }
  faults::wakeHeld();
}

bool Task::runNext() noexcept {
  Job* job = nullptr;
  {
    const std::lock_guard lock(mutex_);
    if (times_.beginNs == 0) {
      times_.beginNs = nowNs();
    }
    if (!terminated_) {
      job = running_ = jobs_[next_].get();
    }
  }
  const std::int32_t status = job != nullptr ? runJob(*job) : HB_UCP_SUCCESS;
  const std::lock_guard lock(mutex_);
  running_ = nullptr;
  ++next_;
  if (!terminated_ && status != HB_UCP_SUCCESS) {
    status_ = status;
    if (error_.empty()) {
      keepText(error_, job->error());
    }
  }
  if (status_ == HB_UCP_SUCCESS && next_ < jobs_.size()) {
    return true;
  }
  if (status_ != HB_UCP_SUCCESS) {
    logFailure();
  }
  times_.thread = threadId();
  times_.core = __builtin_ctz(placement.occupied);
  end();
  return false;
}

void Task::logFailure() const noexcept {
  const LogLevel level = terminated_ ? LogLevel::kInfo : LogLevel::kError;
  if (logs(level)) {
    std::array<char, 1024> line{};
    std::snprintf(line.data(), line.size(), "a task failed with %d: %s", static_cast<int>(status_), errorText());
    log(level, line.data());
  }
}

void Task::end() {
  times_.endNs = nowNs();
  if (times_.beginNs == 0) {
    times_.beginNs = times_.endNs;  // it never ran
  }
  state_ = State::kEnded;
}

std::int32_t Task::runJob(Job& job) noexcept {
  if (next_ == 0) {
    if (const std::int32_t injected = faults::onTask(goOn_); injected != HB_UCP_SUCCESS) {
      const std::lock_guard lock(mutex_);
      keepText(error_, "failure of the task injected by BPUSIM_FAULT or setFaults()");
      return injected;
    }
  }
  return job.run();
}

void Task::giveUp(std::int32_t status, const char* text) {
  const std::lock_guard lock(mutex_);
  if (status_ == HB_UCP_SUCCESS) {
    status_ = status;
    keepText(error_, text);
  }
  end();
}

void Task::callBack() {
  hbUCPTaskDoneCb callback = nullptr;
  {
    const std::lock_guard lock(mutex_);
    callback = callback_;
    callbackThread_ = std::this_thread::get_id();
  }
  if (callback == nullptr) {
    return;
  }
  try {
    callback(handle_, status_, userdata_);
  } catch (...) {
    log(LogLevel::kError, "a task's callback has thrown an exception; callbacks must not");
  }
}

void Task::finish() {
  {
    const std::lock_guard lock(mutex_);
    state_ = State::kDone;
    dropIfOver();
  }
  done_.notify_all();
}

void Task::terminate(std::int32_t status, const char* text) {
  {
    const std::lock_guard lock(mutex_);
    if (state_ != State::kSubmitted || terminated_) {
      return;
    }
    terminated_ = true;
    status_ = status;
    keepText(error_, text);
    goOn_.store(true);
    if (running_ != nullptr) {
      running_->terminate();
    }
  }
  faults::wakeHeld();
}

void Task::dropIfOver() {
  if (released_ && state_ != State::kSubmitted) {
    jobs_.clear();
    place_ = TaskPlace();
  }
}

}  // namespace bpusim
