// What a request reports to its recorder.
#include "core/base/clock.hpp"
#include "core/request/request.hpp"

namespace hbm {
namespace {

// A thread that waits again within this time has only looked up.
constexpr std::int64_t kSameWaitNs = 1'000'000;

}  // namespace

void RequestImpl::noteCompletion(RequestTrace&& seen) noexcept {
  const std::lock_guard lock(mutex_);
  if (trace_ == nullptr) {
    return;
  }
  trace_->collectedBy = kernelThreadId();
  trace_->collectNs = seen.collectNs;
  trace_->deviceBeginNs = seen.deviceBeginNs;
  trace_->deviceEndNs = seen.deviceEndNs;
  trace_->deviceThread = seen.deviceThread;
  trace_->core = seen.core;
  try {
    trace_->copies.insert(trace_->copies.end(), seen.copies.begin(), seen.copies.end());
  } catch (const std::bad_alloc&) {
    return;  // the profile lacks these copies
  }
}

void RequestImpl::noteWaitBegin() {
  if (trace_ == nullptr) {
    return;
  }
  std::vector<WaitRecord>& waits = trace_->waits;
  const std::int64_t now = nowNs();
  if (!waits.empty() && waits.back().thread == kernelThreadId() && now - waits.back().endNs < kSameWaitNs) {
    waits.back().endNs = 0;
  } else if (waits.size() < kMaxWaits) {
    waits.push_back({kernelThreadId(), now, 0});
  }
}

void RequestImpl::noteWaitEnd() noexcept {
  if (trace_ == nullptr) {
    return;
  }
  for (WaitRecord& wait : trace_->waits) {
    if (wait.thread == kernelThreadId() && wait.endNs == 0) {
      wait.endNs = nowNs();
    }
  }
}

void RequestImpl::account() noexcept {
  model_->counters->add(state_, info_, error_ != nullptr ? std::optional(error_->kind()) : std::nullopt);
  if (trace_ != nullptr) {
    const std::unique_ptr<RequestTrace> trace = std::move(trace_);
    try {
      RequestRecord record{info_, state_, std::move(*trace)};
      record.info.model = model_->info.name;
      record.info.sched = sched_;
      recorder_->add(std::move(record));
    } catch (const std::bad_alloc&) {
      recorder_->addLost();
    }
  }
}

}  // namespace hbm
