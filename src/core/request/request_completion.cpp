// The second half of a request's life: its task has ended, its outputs are collected, and waiting threads are notified.
#include "core/base/clock.hpp"
#include "core/driver/status.hpp"
#include "core/request/request.hpp"
#include "hobot/hb_ucp_status.h"
#include "never_destroyed.hpp"

namespace hbm {

Worker& RequestImpl::completionThread() {
  static NeverDestroyed<Worker> worker("hbm-completion");
  return *worker;
}

void RequestImpl::giveBack() noexcept {
  inference_.release();
  Dispatcher::get().taskEnded();
}

void RequestImpl::taskEnded(std::int32_t status) noexcept {
  {
    const std::lock_guard lock(mutex_);
    reportedNs_ = nowNs();
    if (waiters_ > 0) {
      reported_ = status;
      changed_.notify_all();  // under the lock: a waiter that takes it may be the last owner of this object
      return;
    }
    if (submitting_) {
      // The thread that submits goes on with it: another one would be woken only to wait for it.
      endedEarly_ = status;
      return;
    }
  }
  leaveToCompletionThread(status);
}

void RequestImpl::leaveToCompletionThread(std::int32_t status) noexcept {
  completionWork_.request = shared_from_this();
  completionWork_.status = status;
  completionWork_.thread.post(completionWork_);
}

void RequestImpl::CompletionWork::run() noexcept {
  const std::shared_ptr<RequestImpl> owner = std::move(request);
  owner->completeByCallback(status);
}

void RequestImpl::completeByCallback(std::int32_t status) noexcept {
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !submitting_; });
  }
  if (status != 0) {
    // Asked again for the driver's text, which belongs to the calling thread.
    static_cast<void>(inference_.wait(1));
  }
  complete(status);
}

void RequestImpl::complete(std::int32_t status) noexcept {
  std::vector<DeviceTensor> outputs;
  SharedError error;
  RequestTrace seen;
  {
    const std::lock_guard lock(mutex_);
    info_.endedNs = nowNs();
    const std::int64_t end = reportedNs_ != 0 ? reportedNs_ : info_.endedNs;
    model_->lastTaskNs.store(end - info_.submitNs, std::memory_order_relaxed);
  }
  if (recorder_ != nullptr) {
    inference_.noteDeviceTimes(seen);
    seen.collectNs = nowNs();
  }
  try {
    if (status == 0) {
      outputs = collect(recorder_ != nullptr ? &seen.copies : nullptr);
    } else {
      Error failure = driverError(model_->driver, "hbUCPWaitTaskDone", status, model_->info.name);
      if (status == HB_UCP_TASK_RUN_FAILED) {
        failure = inference_.failure(std::move(failure));
      }
      error = std::make_shared<const Error>(std::move(failure));
    }
  } catch (...) {
    error = currentError();
  }
  if (recorder_ != nullptr) {
    noteCompletion(std::move(seen));
  }
  giveBack();
  const RequestState state = error != nullptr ? RequestState::kFailed : RequestState::kDone;
  end(state, std::move(outputs), std::move(error));
}

std::vector<DeviceTensor> RequestImpl::collect(std::vector<CopyRecord>* copies) {
  {
    const std::lock_guard lock(mutex_);
    if (final(state_)) {
      return {};
    }
    collecting_ = true;
  }
  const auto collected = [this] {
    {
      const std::lock_guard lock(mutex_);
      collecting_ = false;
    }
    changed_.notify_all();
  };
  try {
    std::vector<DeviceTensor> outputs = inference_.collect(copies);
    collected();
    return outputs;
  } catch (...) {
    collected();
    throw;
  }
}

void RequestImpl::end(RequestState state, std::vector<DeviceTensor> outputs, SharedError error) noexcept {
  std::vector<std::function<void()>> callbacks;
  std::shared_ptr<const void> kept;  // dies without the lock
  {
    std::unique_lock lock(mutex_);
    // Nothing of the caller's may be written any more once the end can be seen.
    changed_.wait(lock, [this] { return !collecting_; });
    submitting_ = false;
    if (!final(state_)) {
      state_ = state;
      outputs_ = std::move(outputs);
      error_ = std::move(error);
      info_.doneNs = nowNs();
      info_.late |= deadline_ && std::chrono::steady_clock::now() > *deadline_;
      callbacks.swap(callbacks_);
      kept.swap(keeps_);
      account();
    }
  }
  announce();
  for (const std::function<void()>& callback : callbacks) {
    callback();
  }
}

void RequestImpl::onDone(std::function<void()> callback) {
  Driver::refuseFork();
  {
    const std::lock_guard lock(mutex_);
    if (!final(state_)) {
      callbacks_.push_back(std::move(callback));
      return;
    }
  }
  callback();
}

}  // namespace hbm
