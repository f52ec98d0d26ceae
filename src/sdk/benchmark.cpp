#include "hbm_runtime/benchmark.hpp"

#include <algorithm>
#include <cmath>
#include <deque>
#include <numeric>
#include <utility>

#include "hbm_runtime/error.hpp"

namespace hbm {
namespace {

using Clock = std::chrono::steady_clock;

double secondsBetween(Clock::time_point begin, Clock::time_point end) {
  return std::chrono::duration<double>(end - begin).count();
}

// Between the two values that are nearest, as numpy's percentile().
double percentile(const std::vector<double>& sorted, double part) {
  const double place = part * static_cast<double>(sorted.size() - 1);
  const auto low = static_cast<std::size_t>(place);
  const std::size_t high = std::min(low + 1, sorted.size() - 1);
  return sorted[low] + (sorted[high] - sorted[low]) * (place - static_cast<double>(low));
}

// Seconds by phase of one request; what it has no times for is missing.
void addPhases(std::map<std::string, std::vector<double>>& phases, const RequestRecord& record) {
  const RequestInfo& info = record.info;
  const RequestTrace& trace = record.trace;
  std::map<std::string, double> own;
  const auto add = [&](const char* phase, std::int64_t begin, std::int64_t end) {
    if (0 < begin && begin <= end) {
      own[phase] += static_cast<double>(end - begin) / 1e9;
    }
  };
  add("ModelExecute", info.enqueueNs, info.doneNs);
  for (const CopyRecord& copy : trace.copies) {
    add(copy.input ? "CopyIn" : "CopyOut", copy.beginNs, copy.endNs);
  }
  add("Queue", info.copiedNs, info.submitNs);
  add("Launch", info.submitNs, trace.launchedNs);
  // A driver that reports when the task ran reports its time in the driver's queue, too.
  const std::int64_t begin = trace.deviceBeginNs != 0 ? trace.deviceBeginNs : trace.launchedNs;
  add("Queue", std::min(trace.launchedNs, begin), begin);
  add("DeviceExecute", begin, trace.deviceEndNs != 0 ? trace.deviceEndNs : info.endedNs);
  for (const WaitRecord& wait : trace.waits) {
    add("Wait", wait.beginNs, wait.endNs != 0 ? wait.endNs : info.doneNs);
  }
  for (const auto& [phase, seconds] : own) {
    phases[phase].push_back(seconds);
  }
}

}  // namespace

Durations summarize(std::vector<double> seconds) {
  if (seconds.empty()) {
    return {};
  }
  std::sort(seconds.begin(), seconds.end());
  Durations figures;
  figures.count = seconds.size();
  figures.total = std::accumulate(seconds.begin(), seconds.end(), 0.0);
  figures.min = seconds.front();
  figures.mean = figures.total / static_cast<double>(seconds.size());
  figures.p50 = percentile(seconds, 0.5);
  figures.p90 = percentile(seconds, 0.9);
  figures.p99 = percentile(seconds, 0.99);
  figures.max = seconds.back();
  return figures;
}

Benchmark benchmark(Runtime& runtime, const Call& call, const BenchmarkOptions& options) {
  if ((options.repeat == 0 && !options.duration) || options.inFlight == 0) {
    throw Error(ErrorKind::kInput, "a benchmark needs at least one run and one in flight");
  }
  for (std::size_t i = 0; i < options.warmup; ++i) {
    static_cast<void>(runtime.run({call}));
  }
  std::deque<std::shared_ptr<Request>> running;
  std::vector<double> seconds;
  std::size_t started = 0;
  const Clock::time_point begin = Clock::now();
  const auto goesOn = [&] {
    return options.duration ? Clock::now() - begin < *options.duration || started == 0 : started < options.repeat;
  };
  while (true) {
    while (running.size() < options.inFlight && goesOn()) {
      running.push_back(runtime.start(call));
      ++started;
    }
    if (running.empty()) {
      break;
    }
    const std::shared_ptr<Request> request = running.front();
    running.pop_front();
    static_cast<void>(request->wait(std::nullopt));
    static_cast<void>(request->outputs());
    const RequestInfo info = request->info();
    seconds.push_back(static_cast<double>(info.doneNs - info.enqueueNs) / 1e9);
  }
  Benchmark result;
  result.seconds = secondsBetween(begin, Clock::now());
  result.throughput = static_cast<double>(seconds.size()) / result.seconds;
  result.latency = summarize(std::move(seconds));
  return result;
}

Profile::Profile(Runtime& runtime, std::size_t capacity)
    : runtime_(runtime), recorder_(std::make_shared<Recorder>(capacity)) {
  runtime_.setRecorder(recorder_);
}

Profile::~Profile() { stop(); }

void Profile::stop() {
  if (!stopped_) {
    runtime_.setRecorder(nullptr);
    stopped_ = true;
  }
}

std::vector<RequestRecord> Profile::records() const { return recorder_->records(); }

std::size_t Profile::lost() const { return recorder_->lost(); }

std::map<std::string, Durations> Profile::durations(const std::string& model) const {
  std::map<std::string, std::vector<double>> phases;
  for (const RequestRecord& record : recorder_->records()) {
    if (record.info.model == model && record.state == RequestState::kDone) {
      addPhases(phases, record);
    }
  }
  std::map<std::string, Durations> figures;
  for (auto& [phase, seconds] : phases) {
    figures[phase] = summarize(std::move(seconds));
  }
  return figures;
}

}  // namespace hbm
