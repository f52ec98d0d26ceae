// The first half of a request's life: until its task runs, and how it is taken back.
#include "core/request/request.hpp"

#include <algorithm>

#include "core/base/clock.hpp"
#include "core/driver/status.hpp"
#include "core/request/scheduling.hpp"

namespace hbm {
namespace {

// A thread that waits for a task of this length may compute it itself. Meanwhile it sees neither signals nor time
// limits, and what waking two threads costs does not count any more beyond it.
constexpr std::int64_t kBriefNs = 1'000'000;

// The driver's callback holds the request by this.
using CallbackOwner = std::shared_ptr<RequestImpl>;

void taskDone(hbUCPTaskHandle_t /*task*/, std::int32_t status, void* userdata) {
  const std::unique_ptr<CallbackOwner> owner(static_cast<CallbackOwner*>(userdata));
  (*owner)->taskEnded(status);
}

}  // namespace

Error timeoutError(const std::string& model, std::optional<std::chrono::nanoseconds> timeout) {
  const double seconds = std::chrono::duration<double>(timeout.value_or(std::chrono::nanoseconds(0))).count();
  return {ErrorKind::kTimeout,
          place(model) + ": not done within the time-out of " + std::to_string(seconds) +
              " s; the device goes on with it, its memory is kept until then, and the runtime can be used",
          {"hbUCPWaitTaskDone", HB_UCP_TASK_TIMEOUT, "HB_UCP_TASK_TIMEOUT", model, ""}};
}

const char* requestStateName(RequestState state) noexcept {
  switch (state) {
    case RequestState::kPreparing:
      return "preparing";
    case RequestState::kQueued:
      return "queued";
    case RequestState::kRunning:
      return "running";
    case RequestState::kDone:
      return "done";
    case RequestState::kFailed:
      return "failed";
    case RequestState::kCancelled:
      return "cancelled";
  }
  return "?";
}

RequestImpl::RequestImpl(std::shared_ptr<const Model> model, SchedParam sched, Completion completion,
                         const CallOptions& options, std::shared_ptr<Recorder> recorder)
    : model_(std::move(model)),
      sched_(std::move(sched)),
      turn_{sched_.priority, sched_.customId, 0},
      deadline_(options.deadline),
      timeout_(options.timeout),
      recorder_(std::move(recorder)),
      awaited_(model_->lastTaskNs.load(std::memory_order_relaxed) < options.awaitedBelow.count()),
      completion_(completion),
      keeps_(options.keeps),
      inference_(*model_, options.targets) {
  info_.enqueueNs = nowNs();
  if (recorder_ != nullptr) {
    trace_ = std::make_unique<RequestTrace>();
    trace_->waits.reserve(kMaxWaits);
  }
}

RequestState RequestImpl::state() const {
  Driver::refuseFork();
  const std::lock_guard lock(mutex_);
  return state_;
}

const std::vector<DeviceTensor>& RequestImpl::outputs() const {
  Driver::refuseFork();
  const std::lock_guard lock(mutex_);
  if (error_ != nullptr) {
    throw Error(*error_);
  }
  if (state_ != RequestState::kDone) {
    throw Error(ErrorKind::kState, place(model_->info.name) + ": the request has not ended; wait for it first",
                {"", 0, "", model_->info.name, ""});
  }
  return outputs_;
}

std::optional<Error> RequestImpl::error() const {
  Driver::refuseFork();
  const std::lock_guard lock(mutex_);
  return error_ == nullptr ? std::nullopt : std::optional(*error_);
}

RequestInfo RequestImpl::info() const {
  Driver::refuseFork();
  const std::lock_guard lock(mutex_);
  RequestInfo info = info_;
  info.model = model_->info.name;
  info.sched = sched_;
  return info;
}

void RequestImpl::announce() noexcept {
  changed_.notify_all();
  if (progress_ != nullptr) {
    progress_->notify();
  }
}

bool RequestImpl::prepare(const Call& call) noexcept {
  attend();
  model_->counters->begin();
  try {
    std::vector<CopyRecord> copies;
    inference_.prepare(call, recorder_ != nullptr ? &copies : nullptr);
    const std::lock_guard lock(mutex_);
    info_.copiedNs = nowNs();
    if (trace_ != nullptr) {
      trace_->preparedBy = kernelThreadId();
      trace_->copies = std::move(copies);
    }
    return !final(state_);
  } catch (...) {
    failWithCurrentException();
  }
  return false;
}

void RequestImpl::queued(std::int32_t depth) noexcept {
  const std::lock_guard lock(mutex_);
  if (!final(state_)) {
    state_ = RequestState::kQueued;
    info_.queueDepth = std::max(info_.queueDepth, depth);
  }
}

bool RequestImpl::isAwaitedHere() const noexcept {
  return (completion_ == Completion::kByWaiter || awaited_) && std::this_thread::get_id() == maker_;
}

// A recorded run() shows the threads of the cores; awaited requests, which servers make, are recorded as they always
// run.
bool RequestImpl::mayRunHere() const noexcept {
  return isAwaitedHere() && !timeout_ && !deadline_ && (recorder_ == nullptr || awaited_) &&
         model_->lastTaskNs.load(std::memory_order_relaxed) < kBriefNs;
}

RequestImpl::Submission RequestImpl::submit() noexcept {
  {
    const std::lock_guard lock(mutex_);
    if (final(state_)) {
      return Submission::kEnded;
    }
    submitting_ = true;
    info_.submitNs = nowNs();
  }
  if (deadline_ && std::chrono::steady_clock::now() > *deadline_) {
    {
      const std::lock_guard lock(mutex_);
      info_.late = true;
    }
    endFailed(errorOf(ErrorKind::kDeadline, "its deadline had passed before the device was free; it was not run"));
    return Submission::kEnded;
  }
  try {
    bool hasCallback = true;
    std::unique_ptr<CallbackOwner> owner;
    if (completion_ == Completion::kByCallback) {
      owner = std::make_unique<CallbackOwner>(shared_from_this());
    }
    const auto submission =
        inference_.submit(driverSchedParam(model_->info, model_->soc, sched_), owner != nullptr ? taskDone : nullptr,
                          owner.get(), &hasCallback, mayRunHere());
    const bool submitted = submission == Inference::Submission::kSubmitted;
    if (submitted && hasCallback) {
      static_cast<void>(owner.release());  // the callback's from now on
    }
    bool orphaned = !hasCallback;
    std::optional<std::int32_t> ended;
    {
      const std::lock_guard lock(mutex_);
      submitting_ = false;
      ended.swap(endedEarly_);
      if (trace_ != nullptr) {
        trace_->submittedBy = kernelThreadId();
        trace_->launchedNs = nowNs();
      }
      if (submitted && !final(state_)) {
        state_ = RequestState::kRunning;
      } else {
        orphaned |= completion_ == Completion::kByWaiter;  // abandoned in the meantime
      }
    }
    announce();
    if (submitted && orphaned) {
      leaveToThread();
    }
    if (ended) {
      isAwaitedHere() ? completeByCallback(*ended) : leaveToCompletionThread(*ended);
    }
    return submitted ? Submission::kSubmitted : Submission::kPoolFull;
  } catch (...) {
    failWithCurrentException();
  }
  return Submission::kEnded;
}

SharedError RequestImpl::currentError() const noexcept {
  try {
    throw;
  } catch (const Error& error) {
    return errorOr(model_->outOfMemory, [&] { return Error(error); });
  } catch (...) {  // std::bad_alloc: nothing else is thrown here
    return model_->outOfMemory;
  }
}

SharedError RequestImpl::errorOf(ErrorKind kind, const char* text) const noexcept {
  return errorOr(model_->outOfMemory, [&] {
    return Error(kind, place(model_->info.name) + ": " + text, {"", 0, "", model_->info.name, ""});
  });
}

void RequestImpl::failWithCurrentException() noexcept { endFailed(currentError()); }

void RequestImpl::endFailed(SharedError error) noexcept {
  inference_.release();
  end(RequestState::kFailed, {}, std::move(error));
}

void RequestImpl::refuse() noexcept {
  endFailed(errorOr(model_->outOfMemory, [this] {
    return Error(
        ErrorKind::kOutOfResources,
        place(model_->info.name) +
            ": the driver had no free task for 5 s although this process holds none; other users of the "
            "driver in this process, or tasks that were never released, hold them all",
        {"hbDNNInferV2", HB_UCP_TASK_NUMBER_EXCEED_LIMIT, "HB_UCP_TASK_NUMBER_EXCEED_LIMIT", model_->info.name, ""});
  }));
}

bool RequestImpl::cancel() {
  Driver::refuseFork();
  if (!Dispatcher::get().remove(*this)) {
    return false;
  }
  endCancelled();
  return true;
}

bool cancelAll(const std::vector<std::shared_ptr<Request>>& requests) {
  Driver::refuseFork();
  std::vector<std::shared_ptr<RequestImpl>> queued;
  queued.reserve(requests.size());
  for (const auto& request : requests) {
    queued.push_back(std::static_pointer_cast<RequestImpl>(request));
  }
  if (!Dispatcher::get().remove({queued.begin(), queued.end()})) {
    return false;
  }
  for (const auto& request : queued) {
    request->endCancelled();
  }
  return true;
}

void RequestImpl::endCancelled() noexcept {
  inference_.release();
  end(RequestState::kCancelled, {}, errorOf(ErrorKind::kCancelled, "the request was cancelled before it ran"));
}

void RequestImpl::abandon() {
  Driver::refuseFork();
  drop(RequestState::kCancelled, errorOf(ErrorKind::kCancelled, "the request was let go of before it was done"));
}

void RequestImpl::expire() noexcept {
  drop(RequestState::kFailed,
       errorOr(model_->outOfMemory, [this] { return timeoutError(model_->info.name, timeout_); }));
}

void RequestImpl::drop(RequestState state, SharedError error) noexcept {
  if (Dispatcher::get().remove(*this)) {
    inference_.release();
  }
  bool orphaned = false;
  {
    const std::lock_guard lock(mutex_);
    orphaned = state_ == RequestState::kRunning && completion_ == Completion::kByWaiter;
  }
  end(state, {}, std::move(error));
  if (orphaned) {
    leaveToThread();
  }
}

}  // namespace hbm
