#include "core/request/dispatcher.hpp"

#include <chrono>
#include <cstdlib>
#include <thread>

#include "never_destroyed.hpp"

namespace hbm {
namespace {

constexpr std::int32_t kDefaultTaskLimit = 32;

// How long requests wait for other users of the driver to free its task pool when this process holds no task.
constexpr auto kPoolPatience = std::chrono::seconds(5);
constexpr auto kPoolRetry = std::chrono::milliseconds(1);

std::int32_t taskLimit() {
  const char* text = secure_getenv("HB_UCP_MAX_TASK_NUM");
  const int value = text != nullptr ? std::atoi(text) : 0;  // NOLINT(cert-err34-c): nonsense means the default
  return value > 0 ? value : kDefaultTaskLimit;
}

}  // namespace

Dispatcher& Dispatcher::get() {
  static NeverDestroyed<Dispatcher> dispatcher(taskLimit());
  return *dispatcher;
}

void Dispatcher::start(const std::shared_ptr<Dispatchable>& request) {
  Queue single;
  single.emplace(request->turn(), request);
  Place place = single.extract(single.begin());
  {
    const std::lock_guard lock(mutex_);
    if (running_ >= limit_ || !queue_.empty()) {
      request->queued(static_cast<std::int32_t>(queue_.size()));
    }
    request->arrived(++arrivals_);
    place.key() = request->turn();
    queue_.insert(std::move(place));
  }
  pump();
}

bool Dispatcher::remove(const std::vector<std::shared_ptr<Dispatchable>>& requests) noexcept {
  Queue removed;  // some may die here, after the lock is free
  const std::lock_guard lock(mutex_);
  for (const auto& request : requests) {
    if (queue_.find(request->turn()) == queue_.end()) {
      return false;
    }
  }
  for (const auto& request : requests) {
    removed.insert(queue_.extract(request->turn()));
  }
  return true;
}

bool Dispatcher::remove(const Dispatchable& request) noexcept {
  Place removed;  // dies after the lock is free
  const std::lock_guard lock(mutex_);
  removed = queue_.extract(request.turn());
  return !removed.empty();
}

void Dispatcher::taskEnded() noexcept {
  {
    const std::lock_guard lock(mutex_);
    --running_;
    if (queue_.empty()) {
      return;
    }
  }
  pump();
}

Dispatcher::Place Dispatcher::next() noexcept {
  const std::lock_guard lock(mutex_);
  if (queue_.empty() || running_ >= limit_) {
    return {};
  }
  ++running_;
  return queue_.extract(queue_.begin());
}

void Dispatcher::pump() noexcept {
  for (Place place = next(); !place.empty(); place = next()) {
    const Dispatchable::Submission submission = place.mapped()->submit();
    if (submission == Dispatchable::Submission::kSubmitted) {
      continue;
    }
    if (submission == Dispatchable::Submission::kPoolFull) {
      requeue(std::move(place));
      return;
    }
    const std::lock_guard lock(mutex_);
    --running_;
  }
}

// Others use the driver too: its pool is full though this process has not reached the limit. Our own tasks' ends try
// again; when there is none of them, a thread does.
void Dispatcher::requeue(Place place) noexcept {
  bool retry = false;
  {
    const std::lock_guard lock(mutex_);
    --running_;
    place.mapped()->queued(static_cast<std::int32_t>(queue_.size()));
    queue_.insert(std::move(place));
    retry = running_ == 0 && !retrying_;
    retrying_ = retrying_ || retry;
  }
  if (retry) {
    retry_.post(retryWork_);
  }
}

void Dispatcher::retryLater() noexcept {
  const auto giveUp = std::chrono::steady_clock::now() + kPoolPatience;
  while (true) {
    std::this_thread::sleep_for(kPoolRetry);
    pump();
    Place refused;
    {
      const std::lock_guard lock(mutex_);
      if (queue_.empty() || running_ > 0) {
        retrying_ = false;
        return;
      }
      if (std::chrono::steady_clock::now() >= giveUp) {
        refused = queue_.extract(queue_.begin());
      }
    }
    if (!refused.empty()) {
      refused.mapped()->refuse();
    }
  }
}

}  // namespace hbm
