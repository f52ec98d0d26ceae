#include "engine.hpp"

#include <array>
#include <cstring>
#include <limits>

#include "engine_library.hpp"
#include "library.hpp"
#include "tensor_types.hpp"
#include "thread_scope.hpp"

namespace bpusim {
namespace {

void forwardLog(void* /*context*/, std::int32_t severity, const char* /*category*/, const char* /*id*/,
                const char* /*location*/, const char* text) {
  // Failures reach the client as a status with a text anyway, and warnings are about the engine's own optimisations.
  log(severity >= ort::kFatal     ? LogLevel::kError
      : severity >= ort::kWarning ? LogLevel::kInfo
                                  : LogLevel::kDebug,
      text);
}

// Throws when the engine reports a failure.
void check(const ort::Functions& api, ort::Status* status, std::int32_t code) {
  if (status == nullptr) {
    return;
  }
  const std::unique_ptr<ort::Status, void (*)(ort::Status*)> owner(status, api.ReleaseStatus);
  throw Error(code, api.GetErrorMessage(status));
}

// The engine's process-wide part. Never destroyed, as computing threads may outlive every static object.
struct Engine {
  const ort::Functions& api;
  ort::Env* env = nullptr;
  ort::MemoryInfo* memory = nullptr;
  ort::Allocator* allocator = nullptr;

  Engine() : api(engineLibrary().functions) {
    check(api, api.CreateEnvWithCustomLogger(&forwardLog, nullptr, ort::kWarning, "bpusim", &env), HB_UCP_INIT_FAILED);
    check(api, api.DisableTelemetryEvents(env), HB_UCP_INIT_FAILED);
    check(api, api.CreateCpuMemoryInfo(ort::kDeviceAllocator, ort::kDefaultMemory, &memory), HB_UCP_INIT_FAILED);
    check(api, api.GetAllocatorWithDefaultOptions(&allocator), HB_UCP_INIT_FAILED);
  }
};

[[nodiscard]] const Engine& engine() {
  static const Engine* const instance = std::make_unique<Engine>().release();
  return *instance;
}

[[nodiscard]] const ort::Functions& api() { return engine().api; }

void check(ort::Status* status, std::int32_t code = HB_DNN_INVALID_MODEL) { check(api(), status, code); }

// Throws when the engine refuses a model. What is no message is damaged; everything else is sound, and the engine lacks
// an operator, a type, a version or a file of constants.
void checkModel(ort::Status* status) {
  const std::int32_t code = status != nullptr ? api().GetErrorCode(status) : 0;
  const bool damaged = code == ort::kNoModel || code == ort::kInvalidProtobuf;
  check(status, damaged ? HB_DNN_INVALID_MODEL : HB_DNN_INCOMPATIBLE_MODEL);
}

// A string of the engine's allocator, given back to it.
[[nodiscard]] std::string taken(char* text) {
  const std::string copy = text == nullptr ? "" : text;
  if (text != nullptr) {
    check(api().AllocatorFree(engine().allocator, text));
  }
  return copy;
}

// Words for types of the engine that no tensor has.
constexpr std::pair<std::int32_t, const char*> kOtherTypes[] = {{ort::kString, "string"},
                                                                {ort::kComplex64, "complex64"},
                                                                {ort::kComplex128, "complex128"},
                                                                {ort::kBfloat16, "bfloat16"}};

[[nodiscard]] std::int32_t driverType(std::int32_t type) noexcept {
  for (const TensorType& each : kTensorTypes) {
    if (each.onnx == type && type != 0) {
      return each.type;
    }
  }
  return -1;
}

[[nodiscard]] std::int32_t engineType(std::int32_t type) noexcept { return tensorType(type).onnx; }

[[nodiscard]] std::string typeText(std::int32_t type) {
  if (const std::int32_t known = driverType(type); known >= 0) {
    return tensorType(known).engine;
  }
  for (const auto& [number, text] : kOtherTypes) {
    if (number == type) {
      return text;
    }
  }
  return "element type " + std::to_string(type) + " of ONNX";
}

[[nodiscard]] std::vector<std::int64_t> shapeOf(const ort::TensorInfo* info) {
  std::size_t rank = 0;
  check(api().GetDimensionsCount(info, &rank));
  std::vector<std::int64_t> shape(rank);
  check(api().GetDimensions(info, shape.data(), rank));
  return shape;
}

void describe(const ort::TypeInfo* type, EngineTensor& tensor) {
  std::int32_t kind = 0;
  check(api().GetOnnxTypeFromTypeInfo(type, &kind));
  if (kind != ort::kTensor) {
    constexpr const char* kKinds[] = {"value of unknown type", "tensor",        "sequence",      "map",
                                      "opaque value",          "sparse tensor", "optional value"};
    tensor.typeText = kind >= 0 && kind <= ort::kOptional ? kKinds[kind] : kKinds[0];
    return;
  }
  const ort::TensorInfo* info = nullptr;
  check(api().CastTypeInfoToTensorInfo(type, &info));
  std::int32_t element = 0;
  check(api().GetTensorElementType(info, &element));
  tensor.type = driverType(element);
  tensor.typeText = typeText(element) + " tensor";
  tensor.shape = shapeOf(info);
  std::vector<const char*> symbols(tensor.shape.size());
  check(api().GetSymbolicDimensions(info, symbols.data(), symbols.size()));
  for (const char* const symbol : symbols) {
    tensor.symbols.emplace_back(symbol == nullptr ? "" : symbol);
  }
}

using CountFunction = ort::Status* (*)(const ort::Session*, std::size_t*);
using NameFunction = ort::Status* (*)(const ort::Session*, std::size_t, ort::Allocator*, char**);
using TypeFunction = ort::Status* (*)(const ort::Session*, std::size_t, ort::TypeInfo**);

[[nodiscard]] std::vector<EngineTensor> tensorsOf(const ort::Session* session, CountFunction count, NameFunction name,
                                                  TypeFunction type) {
  std::size_t length = 0;
  check(count(session, &length));
  std::vector<EngineTensor> tensors;
  for (std::size_t i = 0; i < length; ++i) {
    EngineTensor tensor{"", -1, "", {}, {}};
    char* text = nullptr;
    check(name(session, i, engine().allocator, &text));
    tensor.name = taken(text);
    ort::TypeInfo* info = nullptr;
    check(type(session, i, &info));
    const std::unique_ptr<ort::TypeInfo, void (*)(ort::TypeInfo*)> owner(info, api().ReleaseTypeInfo);
    describe(info, tensor);
    tensors.push_back(std::move(tensor));
  }
  return tensors;
}

using OptionsOwner = std::unique_ptr<ort::SessionOptions, void (*)(ort::SessionOptions*)>;

// Pool threads are those beside the one that calls run(); the engine counts CPUs from 1.
[[nodiscard]] std::string poolAffinities(const EngineOptions& options) {
  std::string text;
  for (std::int32_t thread = 1; thread < options.load.threads; ++thread) {
    const std::size_t cpu = static_cast<std::size_t>(thread) % options.load.cpus.size();
    text += (text.empty() ? "" : ";") + std::to_string(options.load.cpus[cpu] + 1);
  }
  return text;
}

[[nodiscard]] OptionsOwner sessionOptions(const EngineOptions& options) {
  ort::SessionOptions* raw = nullptr;
  check(api().CreateSessionOptions(&raw));
  OptionsOwner owner(raw, api().ReleaseSessionOptions);
  const auto set = [&](const char* key, const std::string& value) {
    check(api().AddSessionConfigEntry(raw, key, value.c_str()));
  };
  check(api().SetIntraOpNumThreads(raw, std::max(options.load.threads, 1)));
  check(api().SetInterOpNumThreads(raw, 1));
  set("session.intra_op.allow_spinning", "0");
  // Otherwise 4-bit weights are multiplied with activations that are rounded to 8 bits.
  set("session.qdq_matmulnbits_accuracy_level", "1");
  if (options.load.flushDenormals) {
    set("session.set_denormal_as_zero", "1");
  }
  if (options.load.threads > 1 && !options.load.cpus.empty()) {
    set("session.intra_op_thread_affinities", poolAffinities(options));
  }
  if (options.load.saveMemory) {
    check(api().DisableCpuMemArena(raw));
    check(api().DisableMemPattern(raw));
    // Weights as they are in the file, which may be mapped, instead of copies that suit the kernels better.
    set("session.disable_prepacking", "1");
    check(api().SetSessionGraphOptimizationLevel(raw, ort::kExtendedOptimisation));
  }
  if (!options.optimise) {
    check(api().SetSessionGraphOptimizationLevel(raw, ort::kBasicOptimisation));
  }
  if (!options.profilePrefix.empty()) {
    check(api().EnableProfiling(raw, options.profilePrefix.c_str()));
  }
  if (options.weights.has_value()) {
    if (api().AddExternalInitializersFromFilesInMemory == nullptr) {
      throw Error(HB_UCP_INIT_FAILED, "models with weights of their own need ONNX Runtime 1.18 or later, this is " +
                                          engineLibrary().version);
    }
    const char* const names[] = {kWeightsLocation};
    char* const data[] = {const_cast<char*>(options.weights->data())};  // NOLINT: read only
    const std::size_t sizes[] = {options.weights->size()};
    check(api().AddExternalInitializersFromFilesInMemory(raw, names, data, sizes, 1));
  } else if (!options.weightsFolder.empty()) {
    set("session.model_external_initializers_file_folder_path", options.weightsFolder);
  }
  return owner;
}

[[nodiscard]] ort::Value* valueOf(const DenseTensor& tensor) {
  static char nothing = 0;
  ort::Value* value = nullptr;
  check(api().CreateTensorWithDataAsOrtValue(engine().memory, tensor.size == 0 ? &nothing : tensor.data, tensor.size,
                                             tensor.shape, tensor.rank, engineType(tensor.type), &value),
        HB_DNN_RUN_TASK_FAILED);
  return value;
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
  // Creating the first session changes the floating-point settings of its thread.
  const DenormalScope scope(false);
  ort::Session* session = nullptr;
  checkModel(
      api().CreateSessionFromArray(engine().env, graph.data(), graph.size(), sessionOptions(options).get(), &session));
  session_.reset(session);
  inputs_ = tensorsOf(session, api().SessionGetInputCount, api().SessionGetInputName, api().SessionGetInputTypeInfo);
  outputs_ =
      tensorsOf(session, api().SessionGetOutputCount, api().SessionGetOutputName, api().SessionGetOutputTypeInfo);
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
