#include "dnn/engine/engine.hpp"

#include <limits>

#include "dnn/engine/engine_process.hpp"
#include "dnn/engine/engine_threads.hpp"
#include "dnn/engine/thread_scope.hpp"

namespace bpusim {
namespace {

[[nodiscard]] ort::Value* valueOf(const DenseTensor& tensor) {
  static char nothing = 0;
  ort::Value* value = nullptr;
  check(api().CreateTensorWithDataAsOrtValue(engine().memory, tensor.size == 0 ? &nothing : tensor.data, tensor.size,
                                             tensor.shape, tensor.rank, engineType(tensor.type), &value),
        HB_DNN_RUN_TASK_FAILED);
  return value;
}

[[nodiscard]] ort::Session* createSession(std::string_view graph, const EngineOptions& options) {
  const OptionsOwner engineOptions = sessionOptions(options);
  ort::Session* session = nullptr;
  ort::Status* status = nullptr;
  EngineThreads threads(options.load.threads);
  if (options.load.threads > 1) {
    threads.giveTo(engineOptions.get());
  }
  {
    // Creating the first session changes the floating-point settings of its thread.
    const DenormalScope scope(false);
    status = options.file.empty()
                 ? api().CreateSessionFromArray(engine().env, graph.data(), graph.size(), engineOptions.get(), &session)
                 : api().CreateSession(engine().env, options.file.c_str(), engineOptions.get(), &session);
  }
  checkModel(status);
  return session;
}

// Raw values for the engine, released together.
class Values {
 public:
  explicit Values(std::size_t capacity) { values_.reserve(capacity); }
  ~Values() {
    for (ort::Value* const value : values_) {
      if (value != nullptr) {
        api().ReleaseValue(value);
      }
    }
  }
  Values(const Values&) = delete;
  Values& operator=(const Values&) = delete;

  void add(ort::Value* value) { values_.push_back(value); }
  [[nodiscard]] ort::Value** data() noexcept { return values_.data(); }
  [[nodiscard]] ort::Value* release(std::size_t i) noexcept { return std::exchange(values_[i], nullptr); }

 private:
  std::vector<ort::Value*> values_;
};

}  // namespace

void EngineValue::Release::operator()(ort::Value* value) const noexcept { api().ReleaseValue(value); }

void* EngineValue::data() const {
  void* data = nullptr;
  check(api().GetTensorMutableData(value_.get(), &data), HB_DNN_RUN_TASK_FAILED);
  return data;
}

namespace {

using InfoOwner = std::unique_ptr<ort::TensorInfo, void (*)(ort::TensorInfo*)>;

[[nodiscard]] InfoOwner infoOf(const ort::Value* value) {
  ort::TensorInfo* info = nullptr;
  check(api().GetTensorTypeAndShape(value, &info), HB_DNN_RUN_TASK_FAILED);
  return {info, api().ReleaseTensorInfo};
}

}  // namespace

std::vector<std::int64_t> EngineValue::shape() const { return shapeOf(infoOf(value_.get()).get()); }

std::int32_t EngineValue::type() const {
  std::int32_t element = 0;
  check(api().GetTensorElementType(infoOf(value_.get()).get(), &element), HB_DNN_RUN_TASK_FAILED);
  return driverType(element);
}

RunControl::RunControl() {
  ort::RunOptions* options = nullptr;
  check(api().CreateRunOptions(&options), HB_DNN_RUN_TASK_FAILED);
  options_.reset(options);
}

void RunControl::Release::operator()(ort::RunOptions* options) const noexcept { api().ReleaseRunOptions(options); }

void RunControl::terminate() noexcept {
  terminated_.store(true);
  if (ort::Status* const status = api().RunOptionsSetTerminate(options_.get()); status != nullptr) {
    api().ReleaseStatus(status);
  }
}

EngineSession::EngineSession(std::string_view graph, const EngineOptions& options)
    : cpus_(options.load.cpus), flushDenormals_(options.load.flushDenormals) {
  ort::Session* const session = createSession(graph, options);
  session_.reset(session);
  inputs_ = inputsOf(session);
  outputs_ = outputsOf(session);
}

void EngineSession::Release::operator()(ort::Session* session) const noexcept { api().ReleaseSession(session); }

EngineMetadata EngineSession::metadata() const {
  ort::ModelMetadata* raw = nullptr;
  check(api().SessionGetModelMetadata(session_.get(), &raw));
  const std::unique_ptr<ort::ModelMetadata, void (*)(ort::ModelMetadata*)> owner(raw, api().ReleaseModelMetadata);
  const auto text = [&](auto function) {
    char* value = nullptr;
    check(function(raw, engine().allocator, &value));
    return taken(value);
  };
  EngineMetadata metadata;
  metadata.producer = text(api().ModelMetadataGetProducerName);
  metadata.domain = text(api().ModelMetadataGetDomain);
  metadata.description = text(api().ModelMetadataGetDescription);
  std::int64_t version = 0;
  check(api().ModelMetadataGetVersion(raw, &version));
  if (version != std::numeric_limits<std::int64_t>::max()) {  // the engine's word for a model without a version
    metadata.version = version;
  }
  char** keys = nullptr;
  std::int64_t count = 0;
  check(api().ModelMetadataGetCustomMetadataMapKeys(raw, engine().allocator, &keys, &count));
  for (std::int64_t i = 0; i < count; ++i) {
    const std::string key = taken(keys[i]);
    char* value = nullptr;
    check(api().ModelMetadataLookupCustomMetadataMap(raw, engine().allocator, key.c_str(), &value));
    metadata.custom.emplace_back(key, taken(value));
  }
  if (keys != nullptr) {
    check(api().AllocatorFree(engine().allocator, static_cast<void*>(keys)));
  }
  return metadata;
}

void EngineSession::run(const RunControl& control, const std::vector<const char*>& inputNames,
                        const std::vector<DenseTensor>& inputs, const std::vector<const char*>& outputNames,
                        const std::vector<DenseTensor>& outputs, std::vector<EngineValue>& allocated) const {
  Values given(inputs.size());
  for (const DenseTensor& input : inputs) {
    given.add(valueOf(input));
  }
  Values wanted(outputs.size());
  for (const DenseTensor& output : outputs) {
    wanted.add(output.data == nullptr ? nullptr : valueOf(output));
  }
  {
    const AffinityScope affinity(cpus_);
    const DenormalScope denormals(flushDenormals_);
    check(api().Run(session_.get(), control.get(), inputNames.data(), given.data(), inputs.size(), outputNames.data(),
                    outputs.size(), wanted.data()),
          HB_DNN_RUN_TASK_FAILED);
  }
  allocated.clear();
  allocated.resize(outputs.size());
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    if (outputs[i].data == nullptr) {
      allocated[i] = EngineValue(wanted.release(i));
    }
  }
}

std::int64_t EngineSession::profileBegin() const {
  std::uint64_t nanoseconds = 0;
  check(api().SessionGetProfilingStartTimeNs(session_.get(), &nanoseconds), HB_UCP_UNKNOWN_ERROR);
  return static_cast<std::int64_t>(nanoseconds);
}

std::string EngineSession::endProfile() {
  char* file = nullptr;
  check(api().SessionEndProfiling(session_.get(), engine().allocator, &file), HB_UCP_UNKNOWN_ERROR);
  return taken(file);
}

}  // namespace bpusim
