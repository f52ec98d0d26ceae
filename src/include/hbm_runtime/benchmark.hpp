// Runs calls again and again and measures; where the time of requests goes.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hbm_runtime/export.hpp"
#include "hbm_runtime/recorder.hpp"
#include "hbm_runtime/runtime.hpp"

namespace hbm {

// Statistics of durations in seconds; with none all figures are 0.
struct Durations {
  std::size_t count = 0;
  double total = 0;
  double min = 0;
  double mean = 0;
  double p50 = 0;
  double p90 = 0;
  double p99 = 0;
  double max = 0;
};

[[nodiscard]] HBM_API Durations summarize(std::vector<double> seconds);

struct BenchmarkOptions {
  std::size_t repeat = 100;                          // runs that are measured
  std::optional<std::chrono::nanoseconds> duration;  // measures that long instead
  std::size_t warmup = 10;                           // runs before
  std::size_t inFlight = 1;                          // runs under way at a time: 1 measures latency, more throughput
};

struct Benchmark {
  Durations latency;      // of single runs, in seconds
  double seconds = 0;     // wall time of all runs that were measured
  double throughput = 0;  // runs per second
};

// Runs the call as the options say. Throws Error: kInput (nothing to run, nothing in flight), and what running throws.
[[nodiscard]] HBM_API Benchmark benchmark(Runtime& runtime, const Call& call, const BenchmarkOptions& options = {});

// Records the requests of a runtime that start while it lives, or until stop(). One at a time for a runtime.
class HBM_API Profile {
 public:
  explicit Profile(Runtime& runtime, std::size_t capacity = 100'000);
  Profile(const Profile&) = delete;
  Profile& operator=(const Profile&) = delete;
  ~Profile();

  void stop();

  [[nodiscard]] std::vector<RequestRecord> records() const;
  [[nodiscard]] std::size_t lost() const;  // requests beyond the capacity

  // By phase: ModelExecute (the whole), CopyIn, Queue, Launch, DeviceExecute, CopyOut, Wait; one duration for each
  // request of the model that was done.
  [[nodiscard]] std::map<std::string, Durations> durations(const std::string& model) const;

 private:
  Runtime& runtime_;
  std::shared_ptr<Recorder> recorder_;
  bool stopped_ = false;
};

}  // namespace hbm
