#include <cstring>
#include <limits>

#include "core/base/model_file.hpp"
#include "core/driver/status.hpp"
#include "core/encryption/encryption.hpp"
#include "core/model/metadata_check.hpp"
#include "core/model/model.hpp"
#include "core/model/shape_inference.hpp"

namespace hbm {
namespace {

// A description: exactly the bytes that the driver names, NUL inside too; "" for none and for what is no text.
template <class Getter>
std::string description(const Driver& driver, const char* function, const std::string& model, const std::string& tensor,
                        Getter getter) {
  const char* text = nullptr;
  std::uint32_t size = 0;
  std::int32_t type = HB_DNN_DESC_TYPE_UNKNOWN;
  check(driver, function, getter(&text, &size, &type), model, tensor);
  return text != nullptr && type == HB_DNN_DESC_TYPE_STRING ? std::string(text, size) : std::string();
}

QuantInfo quantInfo(const hbDNNTensorProperties& properties) {
  QuantInfo quant;
  // As bytes: newer drivers may report values that the header's enumeration does not have.
  static_assert(sizeof quant.type == sizeof properties.quantiType);
  std::memcpy(&quant.type, &properties.quantiType, sizeof quant.type);
  quant.axis = properties.quantizeAxis;
  const hbDNNQuantiScale& scale = properties.scale;
  if (scale.scaleData != nullptr && scale.scaleLen > 0) {
    quant.scales.assign(scale.scaleData, scale.scaleData + scale.scaleLen);
  }
  if (scale.zeroPointData != nullptr && scale.zeroPointLen > 0) {
    quant.zeroPoints.assign(scale.zeroPointData, scale.zeroPointData + scale.zeroPointLen);
  }
  return quant;
}

TensorInfo tensorInfo(const hbDNNTensorProperties& properties, std::string name) {
  const std::int32_t rank = properties.validShape.numDimensions;
  TensorInfo info;
  info.name = std::move(name);
  info.dtype = static_cast<DataType>(properties.tensorType);
  info.shape.assign(properties.validShape.dimensionSize, properties.validShape.dimensionSize + rank);
  info.strides.assign(properties.stride, properties.stride + rank);
  info.alignedByteSize = properties.alignedByteSize;
  info.quant = quantInfo(properties);
  for (std::int32_t i = 0; i < rank; ++i) {
    info.dynamicShape |= properties.validShape.dimensionSize[i] < 0;
    info.dynamicStrides |= properties.stride[i] < 0;
  }
  return info;
}

// The five calls that inputs and outputs have alike.
struct TensorCalls {
  const char* role;
  const char* countName;
  decltype(Driver::hbDNNGetInputCount) count;
  const char* nameName;
  decltype(Driver::hbDNNGetInputName) name;
  const char* propertiesName;
  decltype(Driver::hbDNNGetInputTensorProperties) properties;
  const char* descName;
  decltype(Driver::hbDNNGetInputDesc) desc;
};

void readTensors(const Model& model, const TensorCalls& calls, std::vector<TensorInfo>& infos,
                 std::vector<hbDNNTensorProperties>& allProperties) {
  const Driver& driver = model.driver;
  const std::string& name = model.info.name;
  std::int32_t count = 0;
  check(driver, calls.countName, calls.count(&count, model.handle), name);
  checkCount(count, (calls.role + std::string("s")).c_str(), name);
  for (std::int32_t i = 0; i < count; ++i) {
    const char* text = nullptr;
    check(driver, calls.nameName, calls.name(&text, model.handle, i), name);
    std::string tensor = checkedName(text, calls.role, name);
    hbDNNTensorProperties properties{};
    check(driver, calls.propertiesName, calls.properties(&properties, model.handle, i), name, tensor);
    checkProperties(properties, name, calls.role, tensor);
    TensorInfo info = tensorInfo(properties, std::move(tensor));
    info.description = description(driver, calls.descName, name, info.name, [&](auto* to, auto* size, auto* type) {
      return calls.desc(to, size, type, model.handle, i);
    });
    infos.push_back(std::move(info));
    allProperties.push_back(properties);
  }
}

std::shared_ptr<const Model> readModel(const Driver& driver, const std::shared_ptr<const PackedModels>& packed,
                                       const Soc& soc, const std::string& name) {
  hbDNNHandle_t handle = nullptr;
  check(driver, "hbDNNGetModelHandle", driver.hbDNNGetModelHandle(&handle, packed->get(), name.c_str()), name);
  auto model = std::make_shared<Model>(driver, packed, handle, soc);
  setName(*model, name);
  readTensors(*model,
              {"input", "hbDNNGetInputCount", driver.hbDNNGetInputCount, "hbDNNGetInputName", driver.hbDNNGetInputName,
               "hbDNNGetInputTensorProperties", driver.hbDNNGetInputTensorProperties, "hbDNNGetInputDesc",
               driver.hbDNNGetInputDesc},
              model->info.inputs, model->inputProperties);
  readTensors(*model,
              {"output", "hbDNNGetOutputCount", driver.hbDNNGetOutputCount, "hbDNNGetOutputName",
               driver.hbDNNGetOutputName, "hbDNNGetOutputTensorProperties", driver.hbDNNGetOutputTensorProperties,
               "hbDNNGetOutputDesc", driver.hbDNNGetOutputDesc},
              model->info.outputs, model->outputProperties);
  model->info.description = description(driver, "hbDNNGetModelDesc", name, "", [&](auto* text, auto* size, auto* type) {
    return driver.hbDNNGetModelDesc(text, size, type, handle);
  });
  if (driver.hbDNNGetCompileBpuCoreNum != nullptr) {
    check(driver, "hbDNNGetCompileBpuCoreNum", driver.hbDNNGetCompileBpuCoreNum(&model->info.compileCores, handle),
          name);
    checkCores(model->info.compileCores, name);
  }
  model->delivers = delivers(driver);
  for (TensorInfo& output : model->info.outputs) {
    // Neither dimensions nor a size: not even the rank is known.
    output.dynamicShape |= model->delivers && output.shape.empty() && output.alignedByteSize < 0;
    model->dynamicOutputs |= output.dynamicShape || output.dynamicStrides;
  }
  return model;
}

LoadedModels readAll(const Driver& driver, PackedModels handle, std::size_t fileCount) {
  LoadedModels loaded;
  const auto packed = std::make_shared<const PackedModels>(std::move(handle));
  const Soc soc = describeSoc(driver);
  const char** names = nullptr;
  std::int32_t count = 0;
  check(driver, "hbDNNGetModelNameList", driver.hbDNNGetModelNameList(&names, &count, packed->get()));
  checkCount(count, "models");
  if (names == nullptr) {
    count = 0;
  }
  for (std::int32_t i = 0; i < count; ++i) {
    loaded.models.push_back(readModel(driver, packed, soc, checkedName(names[i], "a model")));
  }
  refuseDuplicates(loaded.models);
  for (std::size_t i = 0; i < fileCount; ++i) {
    loaded.fileDescriptions.push_back(
        description(driver, "hbDNNGetHBMDesc", "", "", [&](auto* text, auto* size, auto* type) {
          return driver.hbDNNGetHBMDesc(text, size, type, packed->get(), static_cast<std::int32_t>(i));
        }));
  }
  return loaded;
}

// Sets the driver's load options for this thread, and back to the defaults when it dies. What the driver delivers is
// taken always.
class LoadOptionsScope {
 public:
  LoadOptionsScope(const Driver& driver, const LoadOptions& options)
      : set_(driver.extensionFunction(&bpusimInterface::setLoadOptions)) {
    if (options.isDefault() && !delivers(driver)) {
      set_ = nullptr;
      return;
    }
    if (set_ == nullptr) {
      throw Error(ErrorKind::kUnsupported,
                  "this driver (" + driver.info.dnnPath + ") takes no load options; leave them out on a board");
    }
    bpusimLoadOptions raw{};
    raw.size = sizeof(raw);
#define BPUSIM_LOAD_NUMBER(field, keyword) raw.field = options.field;
#define BPUSIM_LOAD_NUMBERS(field, count, keyword) \
  raw.field = options.field.data();                \
  raw.count = static_cast<std::int32_t>(options.field.size());
#define BPUSIM_LOAD_FLAG(field, keyword) raw.field = options.field ? 1 : 0;
#define BPUSIM_LOAD_TEXTS(field, count, keyword)                      \
  const std::vector<const char*> field##Texts = texts(options.field); \
  raw.field = field##Texts.data();                                    \
  raw.count = static_cast<std::int32_t>(field##Texts.size());
#define BPUSIM_LOAD_PATH(field, keyword) raw.field = options.field.c_str();
#define BPUSIM_LOAD_TEXT(field, keyword) raw.field = options.field.c_str();
#include "bpusim/load_options.inc"
    raw.deliverOutputs = delivers(driver) ? 1 : 0;
    const std::int32_t status = set_(&raw);
    if (status != 0) {
      set_ = nullptr;
      const Error error = driverError(driver, "setLoadOptions", status);
      throw Error(status == HB_UCP_INVALID_ARGUMENT ? ErrorKind::kInput : error.kind(), error.what(), error.context());
    }
  }
  LoadOptionsScope(const LoadOptionsScope&) = delete;
  LoadOptionsScope& operator=(const LoadOptionsScope&) = delete;
  ~LoadOptionsScope() {
    if (set_ != nullptr) {
      static_cast<void>(set_(nullptr));
    }
  }

 private:
  [[nodiscard]] static std::vector<const char*> texts(const std::vector<std::string>& given) {
    std::vector<const char*> pointers;
    for (const std::string& text : given) {
      pointers.push_back(text.c_str());
    }
    return pointers;
  }

  decltype(bpusimInterface::setLoadOptions) set_;
};

std::string joined(const std::vector<std::string>& files) {
  std::string text;
  for (const std::string& file : files) {
    text += (text.empty() ? "'" : ", '") + file + "'";
  }
  return text;
}

[[noreturn]] void refuseEncrypted(const std::string& what) {
  throw Error(ErrorKind::kPassphrase, what + " is encrypted: give the passphrase to load it");
}

// The driver's error with the files that it was about.
[[noreturn]] void throwLoadError(const Driver& driver, const char* function, std::int32_t status,
                                 const LoadOptions& options, const std::string& what) {
  const Error error = driverError(driver, function, status);
  // Only the models tell whether they have the tensors to be kept.
  const bool aboutOptions = status == HB_UCP_INVALID_ARGUMENT && !options.keep.empty();
  throw Error(aboutOptions ? ErrorKind::kInput : error.kind(), what + ": " + error.what(), error.context());
}

// Loads models that lie in memory as they are.
LoadedModels loadPlain(const std::vector<ModelBuffer>& buffers, const LoadOptions& options) {
  std::vector<const void*> data;
  std::vector<std::int32_t> lengths;
  for (const ModelBuffer& buffer : buffers) {
    if (buffer.size == 0 || buffer.size > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max())) {
      throw Error(ErrorKind::kModel, "a model in memory has " + std::to_string(buffer.size) +
                                         " bytes; the driver takes 1 to 2147483647: load larger ones from a file");
    }
    data.push_back(buffer.data);
    lengths.push_back(static_cast<std::int32_t>(buffer.size));
  }
  const Driver& driver = Driver::get();
  if (driver.hbDNNInitializeFromDDR == nullptr) {
    throw Error(ErrorKind::kUnsupported, "this driver cannot load models from memory; write them to a file");
  }
  const LoadOptionsScope scope(driver, options);
  hbDNNPackedHandle_t handle = nullptr;
  const std::int32_t status =
      driver.hbDNNInitializeFromDDR(&handle, data.data(), lengths.data(), static_cast<std::int32_t>(data.size()));
  if (status != 0) {
    throwLoadError(driver, "hbDNNInitializeFromDDR", status, options, "loading a model from memory");
  }
  return readAll(driver, PackedModels(driver, handle), buffers.size());
}

// Decrypts models, which may be files or buffers, and loads them; of the plain models nothing stays in memory.
template <class Encrypted>
LoadedModels loadEncrypted(const std::vector<Encrypted>& models, const LoadOptions& options) {
  std::vector<crypto::SecretBytes> plain;
  std::vector<ModelBuffer> buffers;
  for (const Encrypted& model : models) {
    plain.push_back(decrypted(model, options.passphrase));
    buffers.push_back({plain.back().data(), plain.back().size()});
  }
  return loadPlain(buffers, options);
}

}  // namespace

void setName(Model& model, std::string name) {
  model.info.name = std::move(name);
  model.outOfMemory =
      std::make_shared<const Error>(ErrorKind::kOutOfResources, place(model.info.name) + ": out of memory",
                                    ErrorContext{"", 0, "", model.info.name, ""});
}

void refuseDuplicates(const std::vector<std::shared_ptr<const Model>>& models) {
  for (std::size_t i = 0; i < models.size(); ++i) {
    for (std::size_t k = 0; k < i; ++k) {
      if (models[i]->info.name == models[k]->info.name) {
        throw Error(ErrorKind::kInput,
                    "two of the models are named '" + models[i]->info.name +
                        "'; load them in runtimes of their own, or give one of them another name when it is compiled",
                    {"", 0, "", models[i]->info.name, ""});
      }
    }
  }
}

LoadedModels loadFiles(const std::vector<std::string>& given, const LoadOptions& options) {
  if (given.empty()) {
    throw Error(ErrorKind::kInput, "no model files given; pass the path of at least one .hbm or .onnx file");
  }
  std::vector<std::string> files;
  for (const std::string& path : given) {
    for (std::string& file : modelFiles(path)) {
      files.push_back(std::move(file));
    }
  }
  std::vector<const char*> paths;
  for (const std::string& file : files) {
    requireFile(file);
    if (options.passphrase.empty() && isEncrypted(file)) {
      refuseEncrypted("'" + file + "'");
    }
    paths.push_back(file.c_str());
  }
  if (!options.passphrase.empty()) {
    return loadEncrypted(files, options);
  }
  const Driver& driver = Driver::get();
  const LoadOptionsScope scope(driver, options);
  hbDNNPackedHandle_t handle = nullptr;
  const std::int32_t status =
      driver.hbDNNInitializeFromFiles(&handle, paths.data(), static_cast<std::int32_t>(paths.size()));
  if (status != 0) {
    throwLoadError(driver, "hbDNNInitializeFromFiles", status, options, "loading " + joined(files));
  }
  return readAll(driver, PackedModels(driver, handle), files.size());
}

LoadedModels loadBuffers(const std::vector<ModelBuffer>& buffers, const LoadOptions& options) {
  if (buffers.empty()) {
    throw Error(ErrorKind::kInput, "no models given; pass at least one buffer with a model");
  }
  if (!options.passphrase.empty()) {
    return loadEncrypted(buffers, options);
  }
  for (const ModelBuffer& buffer : buffers) {
    if (isEncrypted(buffer)) {
      refuseEncrypted("a model in memory");
    }
  }
  return loadPlain(buffers, options);
}

}  // namespace hbm
