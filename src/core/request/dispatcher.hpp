// Hands requests to the driver, which takes only so many tasks at a time; the others queue here.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <tuple>
#include <vector>

#include "core/base/worker.hpp"

namespace hbm {

class RequestImpl;

// One for the process, because the driver's limit is. Never destroyed: requests may end while the process does.
class Dispatcher {
 public:
  [[nodiscard]] static Dispatcher& get();

  // Submits the request, now or when a task slot is free: by priority, then customId, then arrival. Throws
  // std::bad_alloc before anything has happened.
  void start(const std::shared_ptr<RequestImpl>& request);

  // Takes all of them out of the queue. False when one is not there; then none is taken out.
  [[nodiscard]] bool remove(const std::vector<std::shared_ptr<RequestImpl>>& requests) noexcept;
  [[nodiscard]] bool remove(const RequestImpl& request) noexcept;

  // A task slot is free again.
  void taskEnded() noexcept;

  // Runs work on the completion thread.
  void post(Worker::Item& work) noexcept { completion_.post(work); }

  // A thread of its own waits for the request's task: for requests that nobody waits for, and drivers without callback.
  void waitOnThread(const std::shared_ptr<RequestImpl>& request) noexcept;

 private:
  using Key = std::tuple<std::int32_t, std::int64_t, std::uint64_t>;  // -priority, customId, arrival
  using Queue = std::map<Key, std::shared_ptr<RequestImpl>>;
  // A request's place in the queue, made before it is started: neither queueing nor queueing again needs memory.
  using Place = Queue::node_type;

  struct Retry final : Worker::Item {
    explicit Retry(Dispatcher& theDispatcher) : dispatcher(theDispatcher) {}
    void run() noexcept override { dispatcher.retryLater(); }
    Dispatcher& dispatcher;
  };

  Dispatcher();
  [[nodiscard]] static Key keyOf(const RequestImpl& request) noexcept;
  [[nodiscard]] Place next() noexcept;
  void pump() noexcept;
  void requeue(Place place) noexcept;
  void retryLater() noexcept;

  std::mutex mutex_;
  Queue queue_;
  std::uint64_t arrivals_ = 0;
  std::int32_t running_ = 0;
  const std::int32_t limit_;
  bool retrying_ = false;
  Worker completion_{"hbm-completion"};
  Worker retry_{"hbm-retry"};
  Retry retryWork_{*this};
};

}  // namespace hbm
