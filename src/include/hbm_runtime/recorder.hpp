// Records what becomes of requests.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

#include "hbm_runtime/export.hpp"
#include "hbm_runtime/request.hpp"

namespace hbm {

struct RequestRecord {
  RequestInfo info;
  RequestState state = RequestState::kDone;
  std::uint64_t thread = 0;  // kernel id of the thread that prepared it
};

// Keeps the records of requests that end while it is set (Runtime::setRecorder). Thread-safe.
class HBM_API Recorder {
 public:
  explicit Recorder(std::size_t capacity) : capacity_(capacity) {}

  void add(RequestRecord record);

  // What was recorded so far, in the order of the ends.
  [[nodiscard]] std::vector<RequestRecord> records() const;

  // Records that came after `capacity` was reached, and were not kept.
  [[nodiscard]] std::size_t lost() const;

 private:
  const std::size_t capacity_;
  mutable std::mutex mutex_;
  std::vector<RequestRecord> records_;
  std::size_t lost_ = 0;
};

// How a model's requests have ended so far.
struct RequestCounts {
  std::int64_t done = 0;
  std::int64_t failed = 0;
  std::int64_t timedOut = 0;  // of the failed ones
  std::int64_t late = 0;      // not run because their deadline had passed; of the failed ones
  std::int64_t cancelled = 0;
  std::int64_t deviceNs = 0;  // time from submission to the driver's report, summed over done requests
};

}  // namespace hbm
