// The second half of a request's life: its task has ended, its outputs are collected, and whoever waits is told.
#include "core/base/clock.hpp"
#include "core/driver/status.hpp"
#include "core/request/request.hpp"
#include "hobot/hb_ucp_status.h"

namespace hbm {
namespace {

// Tasks that take less than this, waking threads included, are waited for awake.
constexpr std::int64_t kQuickNs = 100'000;

// Ends requests that nobody waits for. Never destroyed: they may end while the process does.
Worker& completionThread() {
  static auto* const worker = std::make_unique<Worker>("hbm-completion").release();
  return *worker;
}

}  // namespace

void RequestImpl::giveBack() noexcept {
  inference_.release();
  Dispatcher::get().taskEnded();
}

void RequestImpl::taskEnded(std::int32_t status) noexcept {
  {
    const std::lock_guard lock(mutex_);
    if (waiters_ > 0) {
      reported_ = status;
      changed_.notify_all();  // under the lock: a waiter that takes it may be the last owner of this object
      return;
    }
  }
  completionWork_.request = shared_from_this();
  completionWork_.status = status;
  completionThread().post(completionWork_);
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
    model_->quick.store(info_.endedNs - info_.submitNs < kQuickNs, std::memory_order_relaxed);
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
