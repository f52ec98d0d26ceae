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

// The seam between the dispatcher and what it starts. The dispatcher knows whose turn it is and how many tasks run;
// it does not know what a task is or which threads wait for its end. taskEnded() reports each end.
class Dispatchable {
 public:
  enum class Submission : std::uint8_t { kSubmitted, kPoolFull, kEnded };

  // By priority, the higher first, then customId and arrival, the lower first. The dispatcher sets the arrival.
  struct Turn {
    std::int32_t priority = 0;
    std::int64_t customId = 0;
    std::uint64_t arrival = 0;

    [[nodiscard]] bool operator<(const Turn& other) const noexcept {
      return std::tie(other.priority, customId, arrival) < std::tie(priority, other.customId, other.arrival);
    }
  };

  // Hands it to the driver, with a task slot held for it. kSubmitted keeps the slot until taskEnded().
  [[nodiscard]] virtual Submission submit() noexcept = 0;
  // It waits behind so many others. Under the dispatcher's lock.
  virtual void queued(std::int32_t depth) noexcept = 0;
  // Ends it, which was taken out of the queue: the driver had no task for it for too long.
  virtual void refuse() noexcept = 0;

  [[nodiscard]] virtual const Turn& turn() const noexcept = 0;
  // Sets the arrival of the turn. Under the dispatcher's lock.
  virtual void arrived(std::uint64_t number) noexcept = 0;

 protected:
  Dispatchable() = default;
  Dispatchable(const Dispatchable&) = default;
  Dispatchable& operator=(const Dispatchable&) = default;
  ~Dispatchable() = default;
};

class Dispatcher {
 public:
  // That of the process, because the driver's limit is. Never destroyed: requests may end while the process does.
  [[nodiscard]] static Dispatcher& get();

  // Makes one for so many tasks at a time.
  explicit Dispatcher(std::int32_t limit) : limit_(limit) {}

  // Submits it, now or when a task slot is free: by priority, then customId, then arrival. Throws
  // std::bad_alloc before anything has happened.
  void start(const std::shared_ptr<Dispatchable>& request);

  // Takes all of them out of the queue. False when one is not there; then none is taken out.
  [[nodiscard]] bool remove(const std::vector<std::shared_ptr<Dispatchable>>& requests) noexcept;
  [[nodiscard]] bool remove(const Dispatchable& request) noexcept;

  // A task slot is free again.
  void taskEnded() noexcept;

 private:
  using Queue = std::map<Dispatchable::Turn, std::shared_ptr<Dispatchable>>;
  // A request's place in the queue, made before it is started: neither queueing nor queueing again needs memory.
  using Place = Queue::node_type;

  struct Retry final : Worker::Item {
    explicit Retry(Dispatcher& theDispatcher) : dispatcher(theDispatcher) {}
    void run() noexcept override { dispatcher.retryLater(); }
    Dispatcher& dispatcher;
  };

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
  Worker retry_{"hbm-retry"};
  Retry retryWork_{*this};
};

}  // namespace hbm
