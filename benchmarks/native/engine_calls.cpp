#include <dlfcn.h>

#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <stdexcept>

#include "benchmarks/native/engine.hpp"
#include "benchmarks/native/samples.hpp"

namespace bench {

namespace ort = bpusim::ort;

const Engine& Engine::of(const std::string& library) {
  static const Engine engine(library);
  return engine;
}

Engine::Engine(const std::string& library) {
  void* handle = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    throw std::runtime_error(dlerror());
  }
  const auto getBase = reinterpret_cast<const ort::ApiBase* (*)()>(dlsym(handle, "OrtGetApiBase"));
  if (getBase == nullptr) {
    throw std::runtime_error(library + " is not ONNX Runtime");
  }
  const auto* table = static_cast<const void* const*>(getBase()->GetApi(ort::kOldestApi));
#define COPY_FUNCTION(position, since, result, name, arguments)         \
  if constexpr ((since) <= ort::kOldestApi) {                           \
    std::memcpy(&api_.name, &table[position], sizeof(table[position])); \
  }
  BPUSIM_ORT_FUNCTIONS(COPY_FUNCTION)
#undef COPY_FUNCTION
  const auto ignore = [](void*, std::int32_t, const char*, const char*, const char*, const char*) {};
  require(api_.CreateEnvWithCustomLogger(ignore, nullptr, ort::kError, "benchmark", &environment_));
}

void Engine::require(ort::Status* status) const {
  if (status != nullptr) {
    const std::string text = api_.GetErrorMessage(status);
    api_.ReleaseStatus(status);
    throw std::runtime_error(text);
  }
}

struct EngineModel::Declared {
  std::string name;
  std::int32_t type = 0;
  std::vector<std::int64_t> shape;
};

struct EngineModel::Tensors {
  explicit Tensors(const Engine& theEngine) : engine(theEngine) {}
  Tensors(const Tensors&) = delete;
  Tensors& operator=(const Tensors&) = delete;
  ~Tensors() {
    for (const ort::Value* value : inputs) {
      engine.api().ReleaseValue(const_cast<ort::Value*>(value));
    }
    for (ort::Value* value : outputs) {
      engine.api().ReleaseValue(value);
    }
  }

  const Engine& engine;
  std::vector<std::string> names;
  std::vector<const char*> inputNames;
  std::vector<const char*> outputNames;
  std::vector<std::vector<std::uint64_t>> memory;
  std::vector<const ort::Value*> inputs;
  std::vector<ort::Value*> outputs;
};

EngineModel::EngineModel(const Engine& engine, const std::string& path) : engine_(engine) {
  std::ifstream file(path, std::ios::binary);
  const std::vector<char> bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  const ort::Functions& api = engine_.api();
  ort::SessionOptions* options = nullptr;
  engine_.require(api.CreateSessionOptions(&options));
  engine_.require(api.SetIntraOpNumThreads(options, 1));
  engine_.require(api.SetInterOpNumThreads(options, 1));
  engine_.require(api.CreateSessionFromArray(engine_.environment(), bytes.data(), bytes.size(), options, &session_));
  api.ReleaseSessionOptions(options);
}

EngineModel::~EngineModel() { engine_.api().ReleaseSession(session_); }

EngineModel::Declared EngineModel::declared(bool output, std::size_t index) const {
  const ort::Functions& api = engine_.api();
  Declared result;
  ort::Allocator* allocator = nullptr;
  engine_.require(api.GetAllocatorWithDefaultOptions(&allocator));
  char* name = nullptr;
  engine_.require((output ? api.SessionGetOutputName : api.SessionGetInputName)(session_, index, allocator, &name));
  result.name = name;
  engine_.require(api.AllocatorFree(allocator, name));
  ort::TypeInfo* type = nullptr;
  engine_.require((output ? api.SessionGetOutputTypeInfo : api.SessionGetInputTypeInfo)(session_, index, &type));
  const ort::TensorInfo* tensor = nullptr;
  engine_.require(api.CastTypeInfoToTensorInfo(type, &tensor));
  engine_.require(api.GetTensorElementType(tensor, &result.type));
  std::size_t rank = 0;
  engine_.require(api.GetDimensionsCount(tensor, &rank));
  result.shape.resize(rank);
  engine_.require(api.GetDimensions(tensor, result.shape.data(), rank));
  api.ReleaseTypeInfo(type);
  return result;
}

std::shared_ptr<EngineModel::Tensors> EngineModel::makeTensors() const {
  const ort::Functions& api = engine_.api();
  auto tensors = std::make_shared<Tensors>(engine_);
  ort::MemoryInfo* info = nullptr;
  engine_.require(api.CreateCpuMemoryInfo(ort::kDeviceAllocator, ort::kDefaultMemory, &info));
  std::vector<Declared> all;
  std::size_t inputs = 0;
  std::size_t outputs = 0;
  engine_.require(api.SessionGetInputCount(session_, &inputs));
  engine_.require(api.SessionGetOutputCount(session_, &outputs));
  for (std::size_t i = 0; i < inputs + outputs; ++i) {
    all.push_back(i < inputs ? declared(false, i) : declared(true, i - inputs));
    tensors->names.push_back(all.back().name);
  }
  for (std::size_t i = 0; i < all.size(); ++i) {
    constexpr std::size_t kLargestElement = 8;
    std::size_t elements = 1;
    for (const std::int64_t size : all[i].shape) {
      elements *= static_cast<std::size_t>(size);
    }
    std::size_t bytes = elements * kLargestElement;
    switch (all[i].type) {
      case ort::kFloat:
      case ort::kInt32:
        bytes = elements * 4;
        break;
      case ort::kUint8:
      case ort::kInt8:
        bytes = elements;
        break;
      default:
        break;
    }
    std::vector<std::uint64_t>& memory = tensors->memory.emplace_back((bytes + 7) / 8);
    ort::Value* value = nullptr;
    engine_.require(api.CreateTensorWithDataAsOrtValue(info, memory.data(), bytes, all[i].shape.data(),
                                                       all[i].shape.size(), all[i].type, &value));
    if (i < inputs) {
      tensors->inputs.push_back(value);
    } else {
      tensors->outputs.push_back(value);
    }
  }
  for (std::size_t i = 0; i < tensors->names.size(); ++i) {
    (i < inputs ? tensors->inputNames : tensors->outputNames).push_back(tensors->names[i].c_str());
  }
  api.ReleaseMemoryInfo(info);
  return tensors;
}

void EngineModel::run(const Tensors& tensors) const {
  std::vector<ort::Value*> outputs = tensors.outputs;
  engine_.require(engine_.api().Run(session_, nullptr, tensors.inputNames.data(), tensors.inputs.data(),
                                    tensors.inputs.size(), tensors.outputNames.data(), outputs.size(), outputs.data()));
}

}  // namespace bench

// Median nanoseconds of one inference by the engine. The model stays loaded for the next call with this path.
BENCH_API double benchEngineCalls(const char* library, const char* path, std::size_t rounds) {
  try {
    const bench::Engine& engine = bench::Engine::of(library);
    static std::map<std::string, std::unique_ptr<bench::EngineModel>> models;
    auto& model = models[path];
    if (model == nullptr) {
      model = std::make_unique<bench::EngineModel>(engine, path);
    }
    const auto tensors = model->makeTensors();
    return bench::medianNs(rounds, [&] { model->run(*tensors); });
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return bench::kFailed;
  }
}
