// Counts a model's requests.
#pragma once

#include <atomic>
#include <cstdint>

#include "hbm_runtime/recorder.hpp"

namespace hbm {

class Counters {
 public:
  void begin() noexcept { ++running_; }

  void add(RequestState state, const RequestInfo& info, std::optional<ErrorKind> error) noexcept {
    --running_;
    if (state == RequestState::kDone) {
      ++done_;
      deviceNs_ += info.endedNs - info.submitNs;
    } else if (state == RequestState::kCancelled) {
      ++cancelled_;
    } else {
      ++failed_;
      timedOut_ += error == ErrorKind::kTimeout ? 1 : 0;
      late_ += error == ErrorKind::kDeadline ? 1 : 0;
    }
  }

  [[nodiscard]] RequestCounts counts() const noexcept {
    return {running_, done_, failed_, timedOut_, late_, cancelled_, deviceNs_};
  }

 private:
  std::atomic<std::int64_t> running_{0};
  std::atomic<std::int64_t> done_{0};
  std::atomic<std::int64_t> failed_{0};
  std::atomic<std::int64_t> timedOut_{0};
  std::atomic<std::int64_t> late_{0};
  std::atomic<std::int64_t> cancelled_{0};
  std::atomic<std::int64_t> deviceNs_{0};
};

}  // namespace hbm
