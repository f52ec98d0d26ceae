// Records what becomes of requests.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <vector>

#include "hbm_runtime/export.hpp"
#include "hbm_runtime/request.hpp"

namespace hbm {

// One tensor on its way between the caller's memory and the device's. Times as in RequestInfo.
struct CopyRecord {
  bool input = true;
  std::size_t tensor = 0;  // index among the model's inputs or outputs
  std::int64_t bytes = 0;  // copied; 0: the device uses the memory that the caller uses, only caches were flushed
  std::int64_t beginNs = 0;
  std::int64_t endNs = 0;
};

// One thread that waited for the request.
struct WaitRecord {
  std::int64_t thread = 0;
  std::int64_t beginNs = 0;
  std::int64_t endNs = 0;  // 0: it still waited when the request ended
};

// What is known of a request beside RequestInfo. Threads are kernel ids; 0 and -1: unknown.
struct RequestTrace {
  std::int64_t preparedBy = 0;
  std::int64_t submittedBy = 0;
  std::int64_t collectedBy = 0;
  std::int64_t launchedNs = 0;     // the driver has taken it
  std::int64_t collectNs = 0;      // outputs begin to be made readable
  std::int64_t deviceBeginNs = 0;  // on the device, where the driver reports it
  std::int64_t deviceEndNs = 0;
  std::int64_t deviceThread = 0;
  std::int32_t core = -1;
  std::vector<CopyRecord> copies;
  std::vector<WaitRecord> waits;
};

struct RequestRecord {
  RequestInfo info;
  RequestState state = RequestState::kDone;
  RequestTrace trace;
};

// Keeps the records of requests that end while it is set (Runtime::setRecorder). Thread-safe.
class HBM_API Recorder {
 public:
  explicit Recorder(std::size_t capacity) : capacity_(capacity) {}

  void add(RequestRecord record);

  // What was recorded so far, in the order of the ends.
  [[nodiscard]] std::vector<RequestRecord> records() const;

  // How many there are so far.
  [[nodiscard]] std::size_t size() const;

  // Counts a record that could not be made.
  void addLost() noexcept;

  // Records that came after `capacity` was reached, or could not be made, and were not kept.
  [[nodiscard]] std::size_t lost() const;

 private:
  const std::size_t capacity_;
  mutable std::mutex mutex_;
  std::deque<RequestRecord> records_;  // grows without moving what it holds
  std::size_t lost_ = 0;
};

// How a model's requests have ended so far.
struct RequestCounts {
  std::int64_t running = 0;  // started and not ended
  std::int64_t done = 0;
  std::int64_t failed = 0;
  std::int64_t timedOut = 0;  // of the failed ones
  std::int64_t late = 0;      // not run because their deadline had passed; of the failed ones
  std::int64_t cancelled = 0;
  std::int64_t deviceNs = 0;  // time from submission to the driver's report, summed over done requests
};

}  // namespace hbm
