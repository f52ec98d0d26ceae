#include "core/request/dispatcher.hpp"

#include <chrono>
#include <cstdlib>
#include <string>
#include <system_error>
#include <thread>

#include "core/request/request.hpp"
#include "hbm_runtime/error.hpp"

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
  static auto* dispatcher = std::unique_ptr<Dispatcher>(new Dispatcher).release();
  return *dispatcher;
}

Dispatcher::Dispatcher() : limit_(taskLimit()) {}

void Dispatcher::start(const std::shared_ptr<RequestImpl>& request) {
  {
    const std::lock_guard lock(mutex_);
    if (running_ >= limit_ || !queue_.empty()) {
      request->setQueued(static_cast<std::int32_t>(queue_.size()));
    }
    request->setArrival(++arrivals_);
    queue_.emplace(Key{-request->sched().priority, request->sched().customId, arrivals_}, request);
  }
  pump();
}

bool Dispatcher::remove(const std::vector<const RequestImpl*>& requests) {
  std::vector<std::shared_ptr<RequestImpl>> removed;  // some may die here, after the lock is free
  const std::lock_guard lock(mutex_);
  std::vector<std::map<Key, std::shared_ptr<RequestImpl>>::iterator> found;
  for (const RequestImpl* request : requests) {
    const auto entry = queue_.find(Key{-request->sched().priority, request->sched().customId, request->arrival()});
    if (entry == queue_.end()) {
      return false;
    }
    found.push_back(entry);
  }
  for (const auto entry : found) {
    removed.push_back(std::move(entry->second));
    queue_.erase(entry);
  }
  return true;
}

void Dispatcher::taskEnded() {
  {
    const std::lock_guard lock(mutex_);
    --running_;
    if (queue_.empty()) {
      return;
    }
  }
  pump();
}

void Dispatcher::waitOnThread(const std::shared_ptr<RequestImpl>& request) {
  try {
    std::thread([request] { request->waitForTask(); }).detach();
  } catch (const std::system_error&) {
    request->waitForTask();  // the system has no thread left
  }
}

Dispatcher::Entry Dispatcher::next() {
  const std::lock_guard lock(mutex_);
  if (queue_.empty() || running_ >= limit_) {
    return {};
  }
  const auto first = queue_.begin();
  Entry entry(first->first, std::move(first->second));
  queue_.erase(first);
  ++running_;
  return entry;
}

void Dispatcher::pump() {
  for (Entry entry = next(); entry.second != nullptr; entry = next()) {
    const RequestImpl::Submission submission = entry.second->submit();
    if (submission == RequestImpl::Submission::kSubmitted) {
      continue;
    }
    if (submission == RequestImpl::Submission::kPoolFull) {
      requeue(std::move(entry));
      return;
    }
    const std::lock_guard lock(mutex_);
    --running_;
  }
}

// Others use the driver too: its pool is full though this process has not reached the limit. Our own tasks' ends try
// again; when there is none of them, a thread does.
void Dispatcher::requeue(Entry entry) {
  const std::lock_guard lock(mutex_);
  --running_;
  entry.second->setQueued(static_cast<std::int32_t>(queue_.size()));
  queue_.insert(std::move(entry));
  if (running_ == 0 && !retrying_) {
    retrying_ = true;
    retry_.post([this] { retryLater(); });
  }
}

void Dispatcher::retryLater() {
  const auto giveUp = std::chrono::steady_clock::now() + kPoolPatience;
  while (true) {
    std::this_thread::sleep_for(kPoolRetry);
    pump();
    std::shared_ptr<RequestImpl> refused;
    {
      const std::lock_guard lock(mutex_);
      if (queue_.empty() || running_ > 0) {
        retrying_ = false;
        return;
      }
      if (std::chrono::steady_clock::now() >= giveUp) {
        refused = std::move(queue_.begin()->second);
        queue_.erase(queue_.begin());
      }
    }
    if (refused != nullptr) {
      refused->fail(Error(ErrorKind::kOutOfResources,
                          "model '" + refused->info().model +
                              "': the driver had no free task for 5 s although this process holds none; other users of "
                              "the driver in this process, or tasks that were never released, hold them all",
                          {"hbDNNInferV2", -200001, "HB_UCP_TASK_NUMBER_EXCEED_LIMIT", refused->info().model, ""}));
    }
  }
}

}  // namespace hbm
