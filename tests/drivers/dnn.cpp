// libdnn.so of the test drivers: models without content.
#include <array>
#include <cstring>
#include <memory>
#include <string>

#include "drivers/tasks.hpp"

namespace {

using testdriver::Settings;

constexpr std::array<std::int64_t, 14> kElementSizes{1, 1, 1, 1, 2, 2, 2, 4, 4, 4, 8, 8, 8, 1};

hbDNNTensorProperties makeProperties(const Settings& settings, bool firstModel) {
  static float scale = 0.5F;
  hbDNNTensorProperties properties{};
  const std::size_t rank = settings.shape.size();
  properties.tensorType = settings.dtype;
  properties.validShape.numDimensions = static_cast<std::int32_t>(rank);
  std::int64_t stride = kElementSizes.at(static_cast<std::size_t>(settings.dtype));
  bool dynamic = false;
  for (std::size_t i = rank; i-- > 0;) {
    properties.validShape.dimensionSize[i] = static_cast<std::int32_t>(settings.shape[i]);
    properties.stride[i] = settings.strides.empty() ? stride : settings.strides[i];
    dynamic |= settings.shape[i] < 0 || properties.stride[i] < 0;
    stride = properties.stride[i] * settings.shape[i];
  }
  properties.alignedByteSize = settings.size != 0 ? settings.size : dynamic ? -1 : stride;
  if (settings.metadata == "rank") {
    properties.validShape.numDimensions = HB_DNN_TENSOR_MAX_DIMENSIONS + 1;
  } else if (settings.metadata == "lengths") {
    properties.scale = {-1, &scale, -5, nullptr};
    properties.quantiType = SCALE;
  } else if (settings.metadata == "overlap") {
    properties.stride[0] = 1;
  } else if (settings.metadata == "small") {
    properties.alignedByteSize = 1;
  } else if (settings.metadata == "dtype" && firstModel) {
    properties.tensorType = 99;
  } else if (settings.metadata == "quantisation" && firstModel) {
    properties.scale = {1, &scale, 0, nullptr};
    const std::int32_t unknown = 7;
    static_assert(sizeof properties.quantiType == sizeof unknown);
    std::memcpy(&properties.quantiType, &unknown, sizeof unknown);
  }
  return properties;
}

struct Model {
  std::string name;
  hbDNNTensorProperties properties;
};

// The models of one packed handle and what its functions point to.
struct Packed {
  std::vector<std::unique_ptr<Model>> models;
  std::vector<const char*> names;
};

std::string tensorName(const char* role, std::int32_t index) {
  return index == 0 ? role : role + std::to_string(index);
}

// Names live for ever, as clients may hold them until they release the model.
const char* nameOf(const char* role, std::int32_t index) {
  constexpr std::int32_t kMaxNames = 64;
  static const auto& names = [&]() -> const std::array<std::array<std::string, kMaxNames>, 2>& {
    auto& made = *std::make_unique<std::array<std::array<std::string, kMaxNames>, 2>>().release();
    for (std::int32_t i = 0; i < kMaxNames; ++i) {
      made[0][static_cast<std::size_t>(i)] = tensorName("data", i);
      made[1][static_cast<std::size_t>(i)] = tensorName("output", i);
    }
    return made;
  }();
  return names.at(*role == 'o' ? 1 : 0).at(static_cast<std::size_t>(index)).c_str();
}

std::int32_t load(hbDNNPackedHandle_t* packedHandle) {
  const Settings& settings = testdriver::settings();
  auto packed = std::make_unique<Packed>();
  for (std::int32_t i = 0; i < settings.models; ++i) {
    auto model = std::make_unique<Model>();
    model->name = tensorName("null", i);
    model->properties = makeProperties(settings, i == 0);
    packed->names.push_back(settings.metadata == "model_name" ? nullptr : model->name.c_str());
    packed->models.push_back(std::move(model));
  }
  *packedHandle = packed.release();
  ++hbmTestDriverControl()->livePacked;
  return HB_UCP_SUCCESS;
}

std::int32_t name(const char** to, const char* role, std::int32_t index) {
  *to = testdriver::settings().metadata == "tensor_name" ? nullptr : nameOf(role, index);
  return HB_UCP_SUCCESS;
}

std::int32_t count(std::int32_t* to, std::int32_t number) {
  *to = testdriver::settings().metadata == "counts" ? -1 : number;
  return HB_UCP_SUCCESS;
}

std::int32_t description(const char** text, std::uint32_t* size, std::int32_t* type) {
  *text = nullptr;
  *size = testdriver::settings().metadata == "lengths" ? 1000000 : 0;
  *type = HB_DNN_DESC_TYPE_STRING;
  return HB_UCP_SUCCESS;
}

const Model& modelOf(hbDNNHandle_t handle) { return *static_cast<const Model*>(handle); }

}  // namespace

TEST_DRIVER_API const char* hbDNNGetVersion() {
  const std::string& version = testdriver::settings().version;
  return version == "none" ? nullptr : version.c_str();
}

TEST_DRIVER_API std::int32_t hbDNNInitializeFromFiles(hbDNNPackedHandle_t* packedHandle, const char** /*files*/,
                                                      std::int32_t /*fileCount*/) {
  TEST_DRIVER_COUNT_CALL(hbDNNInitializeFromFiles);
  return load(packedHandle);
}

TEST_DRIVER_API std::int32_t hbDNNInitializeFromDDR(hbDNNPackedHandle_t* packedHandle, const void** /*data*/,
                                                    std::int32_t* /*lengths*/, std::int32_t /*dataCount*/) {
  TEST_DRIVER_COUNT_CALL(hbDNNInitializeFromDDR);
  return load(packedHandle);
}

TEST_DRIVER_API std::int32_t hbDNNRelease(hbDNNPackedHandle_t packedHandle) {
  TEST_DRIVER_COUNT_CALL(hbDNNRelease);
  const std::unique_ptr<Packed> last(static_cast<Packed*>(packedHandle));
  --hbmTestDriverControl()->livePacked;
  return HB_UCP_SUCCESS;
}

TEST_DRIVER_API std::int32_t hbDNNGetModelNameList(const char*** names, std::int32_t* modelCount,
                                                   hbDNNPackedHandle_t packedHandle) {
  TEST_DRIVER_COUNT_CALL(hbDNNGetModelNameList);
  auto& packed = *static_cast<Packed*>(packedHandle);
  *names = testdriver::settings().metadata == "names" ? nullptr : packed.names.data();
  return count(modelCount, static_cast<std::int32_t>(packed.names.size()));
}

TEST_DRIVER_API std::int32_t hbDNNGetModelHandle(hbDNNHandle_t* model, hbDNNPackedHandle_t packedHandle,
                                                 const char* modelName) {
  TEST_DRIVER_COUNT_CALL(hbDNNGetModelHandle);
  for (const auto& each : static_cast<Packed*>(packedHandle)->models) {
    if (each->name == modelName) {
      *model = each.get();
      return HB_UCP_SUCCESS;
    }
  }
  return HB_UCP_INVALID_ARGUMENT;
}

TEST_DRIVER_API std::int32_t hbDNNGetInputCount(std::int32_t* number, hbDNNHandle_t /*model*/) {
  TEST_DRIVER_COUNT_CALL(hbDNNGetInputCount);
  return count(number, testdriver::settings().inputs);
}

TEST_DRIVER_API std::int32_t hbDNNGetOutputCount(std::int32_t* number, hbDNNHandle_t /*model*/) {
  TEST_DRIVER_COUNT_CALL(hbDNNGetOutputCount);
  return count(number, testdriver::settings().outputs);
}

TEST_DRIVER_API std::int32_t hbDNNGetInputName(const char** to, hbDNNHandle_t /*model*/, std::int32_t index) {
  TEST_DRIVER_COUNT_CALL(hbDNNGetInputName);
  return name(to, "data", index);
}

TEST_DRIVER_API std::int32_t hbDNNGetOutputName(const char** to, hbDNNHandle_t /*model*/, std::int32_t index) {
  TEST_DRIVER_COUNT_CALL(hbDNNGetOutputName);
  return name(to, "output", index);
}

TEST_DRIVER_API std::int32_t hbDNNGetInputTensorProperties(hbDNNTensorProperties* properties, hbDNNHandle_t model,
                                                           std::int32_t /*index*/) {
  TEST_DRIVER_COUNT_CALL(hbDNNGetInputTensorProperties);
  *properties = modelOf(model).properties;
  return HB_UCP_SUCCESS;
}

TEST_DRIVER_API std::int32_t hbDNNGetOutputTensorProperties(hbDNNTensorProperties* properties, hbDNNHandle_t model,
                                                            std::int32_t /*index*/) {
  TEST_DRIVER_COUNT_CALL(hbDNNGetOutputTensorProperties);
  *properties = modelOf(model).properties;
  return HB_UCP_SUCCESS;
}

TEST_DRIVER_API std::int32_t hbDNNGetInputDesc(const char** desc, std::uint32_t* size, std::int32_t* type,
                                               hbDNNHandle_t /*model*/, std::int32_t /*index*/) {
  TEST_DRIVER_COUNT_CALL(hbDNNGetInputDesc);
  return description(desc, size, type);
}

TEST_DRIVER_API std::int32_t hbDNNGetOutputDesc(const char** desc, std::uint32_t* size, std::int32_t* type,
                                                hbDNNHandle_t /*model*/, std::int32_t /*index*/) {
  TEST_DRIVER_COUNT_CALL(hbDNNGetOutputDesc);
  return description(desc, size, type);
}

TEST_DRIVER_API std::int32_t hbDNNGetModelDesc(const char** desc, std::uint32_t* size, std::int32_t* type,
                                               hbDNNHandle_t /*model*/) {
  TEST_DRIVER_COUNT_CALL(hbDNNGetModelDesc);
  return description(desc, size, type);
}

TEST_DRIVER_API std::int32_t hbDNNGetHBMDesc(const char** desc, std::uint32_t* size, std::int32_t* type,
                                             hbDNNPackedHandle_t /*packedHandle*/, std::int32_t /*fileIndex*/) {
  TEST_DRIVER_COUNT_CALL(hbDNNGetHBMDesc);
  return description(desc, size, type);
}

TEST_DRIVER_API std::int32_t hbDNNGetCompileBpuCoreNum(std::int32_t* number, hbDNNHandle_t /*model*/) {
  TEST_DRIVER_COUNT_CALL(hbDNNGetCompileBpuCoreNum);
  *number = testdriver::settings().cores;
  return HB_UCP_SUCCESS;
}

TEST_DRIVER_API std::int32_t hbDNNInferV2(hbUCPTaskHandle_t* task, hbDNNTensor* outputs, const hbDNNTensor* inputs,
                                          hbDNNHandle_t /*model*/) {
  TEST_DRIVER_COUNT_CALL(hbDNNInferV2);
  switch (testdriver::refusal()) {
    case testdriver::Refusal::kNullHandle:
      return HB_UCP_SUCCESS;
    case testdriver::Refusal::kStatus:
      return HB_UCP_TASK_NUMBER_EXCEED_LIMIT;
    case testdriver::Refusal::kNone:
      break;
  }
  const Settings& settings = testdriver::settings();
  *task = testdriver::createTask({inputs, inputs + settings.inputs}, {outputs, outputs + settings.outputs});
  return *task != nullptr ? HB_UCP_SUCCESS : HB_UCP_TASK_NUMBER_EXCEED_LIMIT;
}

TEST_DRIVER_API std::int32_t hbDNNGetTaskOutputTensorProperties(hbDNNTensorProperties* properties,
                                                                hbUCPTaskHandle_t task, std::int32_t /*subTaskIndex*/,
                                                                std::int32_t outputIndex) {
  TEST_DRIVER_COUNT_CALL(hbDNNGetTaskOutputTensorProperties);
  const hbDNNTensorProperties* of = testdriver::outputOf(task, outputIndex);
  if (of == nullptr) {
    return HB_UCP_INVALID_ARGUMENT;
  }
  *properties = *of;
  return HB_UCP_SUCCESS;
}

TEST_DRIVER_API const char* hbDNNGetErrorDesc(std::int32_t status) {
  return status == HB_UCP_SUCCESS ? "success" : "text of the test driver";
}
