// Hands requests to the driver, which takes only so many tasks at a time; the others queue here.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <tuple>
#include <utility>
#include <vector>

#include "core/base/worker.hpp"

namespace hbm {

class RequestImpl;

// One for the process, because the driver's limit is. Never destroyed: requests may end while the process does.
class Dispatcher {
 public:
  [[nodiscard]] static Dispatcher& get();

  // Submits the request, now or when a task slot is free: by priority, then customId, then arrival.
  void start(const std::shared_ptr<RequestImpl>& request);

  // Takes all of them out of the queue. False when one is not there; then none is taken out.
  [[nodiscard]] bool remove(const std::vector<const RequestImpl*>& requests);

  // A task slot is free again.
  void taskEnded();

  // Runs `work` on the completion thread.
  void post(std::function<void()> work) { completion_.post(std::move(work)); }

  // A thread of its own waits for the request's task: for requests that nobody waits for, and drivers without callback.
  void waitOnThread(const std::shared_ptr<RequestImpl>& request);

 private:
  using Key = std::tuple<std::int32_t, std::int64_t, std::uint64_t>;  // -priority, customId, arrival

  Dispatcher();
  using Entry = std::pair<Key, std::shared_ptr<RequestImpl>>;
  [[nodiscard]] Entry next();
  void pump();
  void requeue(Entry entry);
  void retryLater();

  std::mutex mutex_;
  std::map<Key, std::shared_ptr<RequestImpl>> queue_;
  std::uint64_t arrivals_ = 0;
  std::int32_t running_ = 0;
  const std::int32_t limit_;
  bool retrying_ = false;
  Worker completion_{"hbm-completion"};
  Worker retry_{"hbm-retry"};
};

}  // namespace hbm
