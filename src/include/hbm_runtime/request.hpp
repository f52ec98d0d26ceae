// One inference of one model.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hbm_runtime/error.hpp"
#include "hbm_runtime/export.hpp"
#include "hbm_runtime/scheduling.hpp"
#include "hbm_runtime/tensor.hpp"

namespace hbm {

enum class RequestState : std::uint8_t {
  kPreparing,  // inputs are being copied
  kQueued,     // all task slots of the driver are taken
  kRunning,    // the driver has it
  kDone,
  kFailed,
  kCancelled,  // removed from the queue, or abandoned while it ran
};

[[nodiscard]] HBM_API const char* requestStateName(RequestState state) noexcept;

// Times in nanoseconds of std::chrono::steady_clock (CLOCK_MONOTONIC); 0: not reached.
struct RequestInfo {
  std::string model;
  SchedParam sched;
  std::int64_t enqueueNs = 0;   // accepted
  std::int64_t copiedNs = 0;    // inputs in device memory
  std::int64_t submitNs = 0;    // handed to the driver
  std::int64_t endedNs = 0;     // the driver reported its end
  std::int64_t doneNs = 0;      // outputs can be read
  std::int32_t queueDepth = 0;  // requests that waited for a task slot when this one came
  bool late = false;            // its deadline had passed when it was done, or it was dropped for that
};

// Thread-safe. In a fork of the process that made it everything throws Error (kForked). Dropping the last reference to
// a running request is safe: its memory lives until the driver is done.
class HBM_API Request {
 public:
  Request() = default;
  Request(const Request&) = delete;
  Request& operator=(const Request&) = delete;
  virtual ~Request() = default;

  [[nodiscard]] virtual RequestState state() const = 0;

  // Waits for the end; nullopt: without limit. Returns true if it has ended.
  [[nodiscard]] virtual bool wait(std::optional<std::chrono::nanoseconds> timeout) = 0;

  // The outputs in model order. Throws the request's Error; kState when it has not ended.
  [[nodiscard]] virtual const std::vector<DeviceTensor>& outputs() const = 0;

  // The error it ended with, nullopt when there is none.
  [[nodiscard]] virtual std::optional<Error> error() const = 0;

  // Removes it from the queue. Returns false and has no effect when the driver has it or it has ended.
  virtual bool cancel() = 0;

  // Abandons it in any state: it ends as cancelled, and its memory is kept until the driver is done with it.
  virtual void abandon() = 0;

  // Calls `callback` once when it has ended, from a thread of this library or one that waits for the request, at once
  // from this thread if it has ended already. It must not throw.
  virtual void onDone(std::function<void()> callback) = 0;

  [[nodiscard]] virtual RequestInfo info() const = 0;
};

// Removes several requests from the queue, or none of them: false when the driver has one already or one has ended.
HBM_API bool cancelAll(const std::vector<std::shared_ptr<Request>>& requests);

}  // namespace hbm
