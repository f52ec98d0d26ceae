#include "hbm_runtime/runtime.hpp"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>

#include "core/driver/status.hpp"
#include "core/request/dispatcher.hpp"
#include "core/request/progress.hpp"
#include "core/request/timer.hpp"
#include "core/runtime_impl.hpp"

namespace hbm {
namespace {

using Clock = std::chrono::steady_clock;

// Counts work on other threads that uses this thread's data.
class Countdown {
 public:
  explicit Countdown(std::size_t count) : count_(count) {}

  void done() {
    const std::lock_guard lock(mutex_);
    if (--count_ == 0) {
      zero_.notify_all();
    }
  }

  void wait() {
    std::unique_lock lock(mutex_);
    zero_.wait(lock, [this] { return count_ == 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable zero_;
  std::size_t count_;
};

// So often a waiting thread looks up: for signals, and for its time limit.
constexpr auto kSlice = std::chrono::milliseconds(100);

using Requests = std::vector<std::shared_ptr<RequestImpl>>;

// A request on the device, else one that is not there yet, else nullptr: all have ended.
RequestImpl* nextToWaitFor(const Requests& requests) {
  RequestImpl* waiting = nullptr;
  for (const auto& request : requests) {
    const RequestState state = request->state();
    if (state == RequestState::kRunning) {
      return request.get();
    }
    if (!RequestImpl::final(state) && waiting == nullptr) {
      waiting = request.get();
    }
  }
  return waiting;
}

// Waits for all, those on the device first: an ended task keeps its place in the driver until somebody waits for it,
// and requests that are queued, of this call or of others, may need that place. The request that did not end before
// `until` or an interruption, else nullptr.
RequestImpl* waitForAll(const Requests& requests, const Progress& progress, std::optional<Clock::time_point> until,
                        const std::function<bool()>& interrupted) {
  while (true) {
    const std::uint64_t seen = progress.count();
    RequestImpl* request = nextToWaitFor(requests);
    if (request == nullptr) {
      return nullptr;
    }
    if (request->state() == RequestState::kRunning) {
      if (!request->waitUntil(until, interrupted)) {
        return request;
      }
      continue;
    }
    progress.waitBeyond(seen, kSlice);
    if ((until && Clock::now() >= *until) || (interrupted && interrupted())) {
      return request;
    }
  }
}

void prepareAndStart(const std::shared_ptr<RequestImpl>& request, const Call& call) noexcept {
  if (!request->prepare(call)) {
    return;
  }
  try {
    Dispatcher::get().start(request);
  } catch (...) {
    request->failWithCurrentException();
  }
}

// One model's part of a call, on the thread of that model.
struct Part final : Worker::Item {
  void run() noexcept override {
    prepareAndStart(request, *call);
    unprepared->done();
  }

  std::shared_ptr<RequestImpl> request;
  const Call* call = nullptr;
  Countdown* unprepared = nullptr;
};

// Abandons what is not done, and throws for it.
[[noreturn]] void giveUp(const Requests& requests, const RequestImpl& late, const CallOptions& options,
                         bool interrupted) {
  for (const auto& request : requests) {
    request->abandon();
  }
  const std::string model = late.info().model;
  if (interrupted) {
    throw Error(ErrorKind::kCancelled, place(model) + ": interrupted while waiting for the device",
                {"", 0, "", model, ""});
  }
  throw timeoutError(model, options.timeout);
}

// The models of `old` with one of them replaced by that of the same name in `fresh`, or by its only one, which goes on
// under the name that callers know.
LoadedModels withReplacement(const LoadedModels& old, std::size_t index, LoadedModels fresh,
                             const std::string& source) {
  const std::string& name = old.models.at(index)->info.name;
  auto replacement = std::find_if(fresh.models.begin(), fresh.models.end(),
                                  [&](const auto& model) { return model->info.name == name; });
  if (replacement == fresh.models.end()) {
    if (fresh.models.size() != 1) {
      throw Error(ErrorKind::kInput, source + " holds " + std::to_string(fresh.models.size()) +
                                         " models, none of them named '" + name + "'");
    }
    replacement = fresh.models.begin();
  }
  const std::shared_ptr<Model> changed = std::const_pointer_cast<Model>(*replacement);  // nobody has seen it yet
  setName(*changed, name);
  changed->counters = old.models[index]->counters;
  LoadedModels models = old;
  models.models[index] = std::move(*replacement);
  return models;
}

}  // namespace

Runtime::Runtime(const std::vector<std::string>& files, const LoadOptions& options)
    : impl_(std::make_unique<Impl>(loadFiles(files, options))) {}

Runtime::Runtime(const std::vector<ModelBuffer>& buffers, const LoadOptions& options)
    : impl_(std::make_unique<Impl>(loadBuffers(buffers, options))) {}

Runtime::Runtime(const Runtime& other, std::size_t index, const std::string& file, const LoadOptions& options)
    : impl_(std::make_unique<Impl>(
          withReplacement(other.impl_->loaded(), index, loadFiles({file}, options), "'" + file + "'"), *other.impl_)) {}

Runtime::Runtime(const Runtime& other, std::size_t index, const ModelBuffer& buffer, const LoadOptions& options)
    : impl_(std::make_unique<Impl>(
          withReplacement(other.impl_->loaded(), index, loadBuffers({buffer}, options), "the model in memory"),
          *other.impl_)) {}

Runtime::~Runtime() = default;

std::string Runtime::driverVersion() { return Driver::described().info.dnnVersion; }

std::size_t Runtime::modelCount() const noexcept { return impl_->models().size(); }

const ModelInfo& Runtime::model(std::size_t index) const { return impl_->at(index)->info; }

std::size_t Runtime::modelIndex(const std::string& name) const {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < modelCount(); ++i) {
    names.push_back(impl_->models()[i]->info.name);
    if (names.back() == name) {
      return i;
    }
  }
  throw Error(ErrorKind::kInput, unknownModel(name, names), {"", 0, "", name, ""});
}

const std::vector<std::string>& Runtime::fileDescriptions() const noexcept { return impl_->fileDescriptions(); }

std::vector<SchedParam> Runtime::schedParams() const { return impl_->schedParams(); }

void Runtime::setRecorder(std::shared_ptr<Recorder> recorder) { impl_->setRecorder(std::move(recorder)); }

void Runtime::setSchedParams(const std::vector<std::pair<std::size_t, SchedOverrides>>& changes) {
  impl_->setSchedParams(changes);
}

void Runtime::checkSchedParams(const std::vector<std::pair<std::size_t, SchedOverrides>>& changes) const {
  impl_->checkSchedParams(changes);
}

void Runtime::checkCalls(const std::vector<Call>& calls) const { impl_->check(calls); }

std::vector<std::vector<DeviceTensor>> Runtime::run(const std::vector<Call>& calls, const CallOptions& options) {
  static_cast<void>(Driver::get());  // refuses in a forked child
  const auto requests = impl_->makeRequests(calls, Completion::kByWaiter, options);
  std::optional<Clock::time_point> until;
  if (options.timeout) {
    until = Clock::now() + *options.timeout;
  }
  const RequestImpl* late = nullptr;
  if (calls.size() == 1) {
    prepareAndStart(requests.front(), calls.front());
    late = requests.front()->waitUntil(until, options.interrupted) ? nullptr : requests.front().get();
  } else {
    const auto progress = std::make_shared<Progress>();
    Countdown unprepared(calls.size());
    std::deque<Part> parts(calls.size());
    for (std::size_t i = 0; i < calls.size(); ++i) {
      requests[i]->reportTo(progress);
      parts[i].request = requests[i];
      parts[i].call = &calls[i];
      parts[i].unprepared = &unprepared;
    }
    // From here on until all parts have run nothing throws: they use this frame.
    for (std::size_t i = 0; i < calls.size(); ++i) {
      impl_->at(calls[i].model)->worker.post(parts[i]);
    }
    unprepared.wait();
    late = waitForAll(requests, *progress, until, options.interrupted);
  }
  if (late != nullptr) {
    giveUp(requests, *late, options, !until || Clock::now() < *until);
  }
  std::vector<std::vector<DeviceTensor>> results;
  results.reserve(requests.size());
  for (const auto& request : requests) {
    results.push_back(request->outputs());
  }
  return results;
}

std::shared_ptr<Request> Runtime::start(const Call& call, const CallOptions& options) {
  return start(std::vector<Call>{call}, options).front();
}

std::vector<std::shared_ptr<Request>> Runtime::start(const std::vector<Call>& calls, const CallOptions& options) {
  static_cast<void>(Driver::get());
  const auto requests = impl_->makeRequests(calls, Completion::kByCallback, options);
  std::vector<std::shared_ptr<Request>> started(requests.begin(), requests.end());
  if (options.timeout) {
    const auto until = Clock::now() + *options.timeout;
    for (const auto& request : requests) {
      Timer::get().expireAt(until, request);
    }
  }
  // Nothing throws any more: either none of them is started, or all are.
  for (std::size_t i = 0; i < calls.size(); ++i) {
    prepareAndStart(requests[i], calls[i]);
  }
  return started;
}

}  // namespace hbm
