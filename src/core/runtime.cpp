#include "hbm_runtime/runtime.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>

#include "core/call_check.hpp"
#include "core/device_layout.hpp"
#include "core/dispatcher.hpp"
#include "core/model.hpp"
#include "core/progress.hpp"
#include "core/request.hpp"
#include "core/scheduling.hpp"
#include "core/status.hpp"
#include "core/timer.hpp"

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

void prepareAndStart(const std::shared_ptr<RequestImpl>& request, const Call& call) {
  if (request->prepare(call)) {
    Dispatcher::get().start(request);
  }
}

const TensorInfo& tensorOf(const ModelInfo& model, TensorRole role, std::size_t index) {
  const bool input = role == TensorRole::kInput;
  const std::vector<TensorInfo>& tensors = input ? model.inputs : model.outputs;
  if (index >= tensors.size()) {
    throw Error(ErrorKind::kInput,
                place(model.name) + ": there is no " + (input ? "input " : "output ") + std::to_string(index) +
                    "; it has " + std::to_string(tensors.size()),
                {"", 0, "", model.name, ""});
  }
  return tensors[index];
}

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

}  // namespace

class Runtime::Impl {
 public:
  explicit Impl(LoadedModels loaded) : loaded_(std::move(loaded)), defaults_(loaded_.models.size()) {}
  Impl(LoadedModels loaded, std::vector<SchedParam> defaults)
      : loaded_(std::move(loaded)), defaults_(std::move(defaults)) {}

  [[nodiscard]] const LoadedModels& loaded() const noexcept { return loaded_; }

  [[nodiscard]] const std::vector<std::shared_ptr<const Model>>& models() const noexcept { return loaded_.models; }
  [[nodiscard]] const std::vector<std::string>& fileDescriptions() const noexcept { return loaded_.fileDescriptions; }

  [[nodiscard]] const std::shared_ptr<const Model>& at(std::size_t index) const {
    if (index >= loaded_.models.size()) {
      throw Error(ErrorKind::kInput, "there is no model with index " + std::to_string(index) + "; " +
                                         std::to_string(loaded_.models.size()) + " are loaded");
    }
    return loaded_.models[index];
  }

  [[nodiscard]] std::vector<SchedParam> schedParams() const {
    const std::lock_guard lock(mutex_);
    return defaults_;
  }

  void setSchedParams(const std::vector<std::pair<std::size_t, SchedOverrides>>& changes) {
    for (const auto& [index, overrides] : changes) {
      const Model& model = *at(index);
      checkOverrides(model.info, model.soc, overrides);
    }
    const std::lock_guard lock(mutex_);
    for (const auto& [index, overrides] : changes) {
      defaults_[index] = merged(std::move(defaults_[index]), overrides);
    }
  }

  // Checks all calls, then makes their requests.
  [[nodiscard]] std::vector<std::shared_ptr<RequestImpl>> makeRequests(const std::vector<Call>& calls,
                                                                       Completion completion,
                                                                       const CallOptions& options) const {
    for (const Call& call : calls) {
      const Model& model = *at(call.model);
      checkOverrides(model.info, model.soc, call.sched);
      checkTensors(model.info, call);
    }
    std::vector<std::shared_ptr<RequestImpl>> requests;
    requests.reserve(calls.size());
    const std::lock_guard lock(mutex_);
    for (const Call& call : calls) {
      requests.push_back(std::make_shared<RequestImpl>(at(call.model), merged(defaults_[call.model], call.sched),
                                                       completion, options));
    }
    return requests;
  }

 private:
  const LoadedModels loaded_;
  mutable std::mutex mutex_;
  std::vector<SchedParam> defaults_;
};

Runtime::Runtime(const std::vector<std::string>& files, const LoadOptions& options)
    : impl_(std::make_unique<Impl>(loadFiles(files, options))) {}

Runtime::Runtime(const std::vector<ModelBuffer>& buffers, const LoadOptions& options)
    : impl_(std::make_unique<Impl>(loadBuffers(buffers, options))) {}

Runtime::Runtime(const Runtime& other, std::size_t index, const std::string& file, const LoadOptions& options) {
  const std::string& name = other.model(index).name;
  LoadedModels fresh = loadFiles({file}, options);
  auto replacement = std::find_if(fresh.models.begin(), fresh.models.end(),
                                  [&](const auto& model) { return model->info.name == name; });
  if (replacement == fresh.models.end()) {
    if (fresh.models.size() != 1) {
      throw Error(ErrorKind::kInput, "'" + file + "' holds " + std::to_string(fresh.models.size()) +
                                         " models, none of them named '" + name + "'");
    }
    replacement = fresh.models.begin();
  }
  LoadedModels models = other.impl_->loaded();
  models.models[index] = *replacement;
  refuseDuplicates(models.models);
  impl_ = std::make_unique<Impl>(std::move(models), other.schedParams());
}

Runtime::~Runtime() = default;

std::string Runtime::driverVersion() { return Driver::get().info.dnnVersion; }

std::size_t Runtime::modelCount() const noexcept { return impl_->models().size(); }

const ModelInfo& Runtime::model(std::size_t index) const { return impl_->at(index)->info; }

std::size_t Runtime::modelIndex(const std::string& name) const {
  std::string names;
  for (std::size_t i = 0; i < modelCount(); ++i) {
    const std::string& each = impl_->models()[i]->info.name;
    if (each == name) {
      return i;
    }
    names += (names.empty() ? "'" : ", '") + each + "'";
  }
  throw Error(ErrorKind::kInput, "no model is named '" + name + "'; loaded are " + names, {"", 0, "", name, ""});
}

const std::vector<std::string>& Runtime::fileDescriptions() const noexcept { return impl_->fileDescriptions(); }

std::vector<SchedParam> Runtime::schedParams() const { return impl_->schedParams(); }

void Runtime::setSchedParams(const std::vector<std::pair<std::size_t, SchedOverrides>>& changes) {
  impl_->setSchedParams(changes);
}

DeviceTensor Runtime::allocate(std::size_t model, TensorRole role, std::size_t tensor,
                               const std::vector<std::int64_t>& shape) const {
  const Model& owner = *impl_->at(model);
  const TensorInfo& info = tensorOf(owner.info, role, tensor);
  std::vector<std::int64_t> complete = shape.empty() ? info.shape : shape;
  bool fits = complete.size() == info.shape.size();
  for (std::size_t i = 0; fits && i < complete.size(); ++i) {
    fits = complete[i] >= 0 && (info.shape[i] < 0 || info.shape[i] == complete[i]);
  }
  if (!fits) {
    throw Error(ErrorKind::kInput,
                place(owner.info.name, "tensor", info.name) + ": memory of shape " +
                    describeShape(complete.data(), complete.size()) + " was asked for, the model has " +
                    describeShape(info.shape.data(), info.shape.size()) + "; every dimension must be given",
                {"", 0, "", owner.info.name, info.name});
  }
  const hbDNNTensorProperties properties = completeProperties(owner, role, tensor, complete.data());
  const std::shared_ptr<DeviceBlock> block = owner.pool->leaseShown(requiredBytes(owner, role, tensor, properties));
  const auto rank = static_cast<std::ptrdiff_t>(complete.size());
  return {block->memory.virAddr, info.dtype, std::move(complete),
          std::vector<std::int64_t>(properties.stride, properties.stride + rank), block};
}

std::vector<std::vector<std::int64_t>> Runtime::inferShapes(
    std::size_t model, const std::vector<std::vector<std::int64_t>>& inputShapes) const {
  const Model& owner = *impl_->at(model);
  Call call;
  for (std::size_t i = 0; i < inputShapes.size(); ++i) {
    TensorView& view = call.inputs.emplace_back();
    view.dtype = i < owner.info.inputs.size() ? owner.info.inputs[i].dtype : DataType::kMax;
    view.rank = static_cast<std::int32_t>(inputShapes[i].size());
    std::copy_n(inputShapes[i].begin(), std::min(inputShapes[i].size(), view.shape.size()), view.shape.begin());
  }
  checkTensors(owner.info, call);
  std::vector<hbDNNTensorProperties> outputs = owner.outputProperties;
  if (owner.dynamicOutputs) {
    const auto infer = owner.driver.extensionFunction(&bpusimInterface::inferOutputProperties);
    if (infer == nullptr) {
      throw Error(ErrorKind::kUnsupported,
                  place(owner.info.name) + ": this driver cannot tell output shapes without running the model",
                  {"", 0, "", owner.info.name, ""});
    }
    std::vector<hbDNNTensor> inputs(call.inputs.size());
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      inputs[i].properties = completeProperties(owner, TensorRole::kInput, i, call.inputs[i].shape.data());
    }
    const std::int32_t status = infer(outputs.data(), inputs.data(), 0, owner.handle);
    if (status == HB_UCP_OP_CMD_UNAVAILABLE) {
      throw Error(ErrorKind::kUnsupported,
                  place(owner.info.name) + ": its output shapes depend on the data; run it to know them",
                  {"inferOutputProperties", status, statusName(status), owner.info.name, ""});
    }
    check(owner.driver, "inferOutputProperties", status, owner.info.name);
  }
  std::vector<std::vector<std::int64_t>> shapes;
  for (const hbDNNTensorProperties& output : outputs) {
    const hbDNNTensorShape& shape = output.validShape;
    shapes.emplace_back(shape.dimensionSize, shape.dimensionSize + shape.numDimensions);
  }
  return shapes;
}

std::vector<std::string> Runtime::dimensionNames(std::size_t model, TensorRole role, std::size_t tensor) const {
  const Model& owner = *impl_->at(model);
  const TensorInfo& info = tensorOf(owner.info, role, tensor);
  std::vector<std::string> names(info.shape.size());
  const auto symbol = owner.driver.extensionFunction(&bpusimInterface::symbolicDimension);
  for (std::size_t i = 0; symbol != nullptr && i < names.size(); ++i) {
    const char* name = symbol(owner.handle, role == TensorRole::kOutput ? 1 : 0, static_cast<std::int32_t>(tensor),
                              static_cast<std::int32_t>(i));
    names[i] = name != nullptr ? name : "";
  }
  return names;
}

MemoryUsage Runtime::memoryUsage(std::size_t model) const { return impl_->at(model)->pool->usage(); }

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
    for (std::size_t i = 0; i < calls.size(); ++i) {
      requests[i]->reportTo(progress);
      impl_->at(calls[i].model)->worker.post([&unprepared, &call = calls[i], request = requests[i]] {
        prepareAndStart(request, call);
        unprepared.done();
      });
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
  static_cast<void>(Driver::get());
  std::shared_ptr<RequestImpl> request = impl_->makeRequests({call}, Completion::kByCallback, options).front();
  if (options.timeout) {
    Timer::get().expireAt(Clock::now() + *options.timeout, request);
  }
  prepareAndStart(request, call);
  return request;
}

}  // namespace hbm
