// What models report: counts, names, properties, descriptions, core number.
#include <string>
#include <vector>

#include "dnn/arguments.hpp"
#include "dnn/entry.hpp"
#include "dnn/model/packed.hpp"

namespace bpusim {
namespace {

using Tensors = std::vector<ModelTensor> Model::*;

[[nodiscard]] const char* roleOf(Tensors tensors) { return tensors == &Model::inputs ? "input" : "output"; }

[[nodiscard]] std::int32_t getCount(const char* function, std::int32_t* count, hbDNNHandle_t handle, Tensors tensors) {
  return guarded(function, [&] {
    require(count, "count");
    *count = static_cast<std::int32_t>((ModelTable::instance().model(handle).get()->*tensors).size());
  });
}

[[nodiscard]] std::int32_t getName(const char* function, const char** name, hbDNNHandle_t handle, std::int32_t index,
                                   Tensors tensors) {
  return guarded(function, [&] {
    require(name, "name");
    const auto model = ModelTable::instance().model(handle);
    *name = at(model.get()->*tensors, index, roleOf(tensors)).name.c_str();
  });
}

[[nodiscard]] std::int32_t getProperties(const char* function, hbDNNTensorProperties* properties, hbDNNHandle_t handle,
                                         std::int32_t index, Tensors tensors) {
  return guarded(function, [&] {
    require(properties, "properties");
    const auto model = ModelTable::instance().model(handle);
    *properties = at(model.get()->*tensors, index, roleOf(tensors)).properties;
  });
}

struct Description {
  const char** text;
  std::uint32_t* size;
  std::int32_t* type;

  void require() const {
    bpusim::require(text, "desc");
    bpusim::require(size, "size");
    bpusim::require(type, "type");
  }

  // The string is terminated too, but only its size says where it ends.
  void set(const std::string& description) const {
    *text = description.c_str();
    *size = static_cast<std::uint32_t>(description.size());
    *type = HB_DNN_DESC_TYPE_STRING;
  }
};

[[nodiscard]] std::int32_t getDescription(const char* function, const Description& to, hbDNNHandle_t handle,
                                          std::int32_t index, Tensors tensors) {
  return guarded(function, [&] {
    to.require();
    const auto model = ModelTable::instance().model(handle);
    to.set(at(model.get()->*tensors, index, roleOf(tensors)).description);
  });
}

}  // namespace
}  // namespace bpusim

using namespace bpusim;

BPUSIM_EXPORT std::int32_t hbDNNGetInputCount(std::int32_t* count, hbDNNHandle_t model) {
  return getCount(__func__, count, model, &Model::inputs);
}

BPUSIM_EXPORT std::int32_t hbDNNGetOutputCount(std::int32_t* count, hbDNNHandle_t model) {
  return getCount(__func__, count, model, &Model::outputs);
}

BPUSIM_EXPORT std::int32_t hbDNNGetInputName(const char** name, hbDNNHandle_t model, std::int32_t index) {
  return getName(__func__, name, model, index, &Model::inputs);
}

BPUSIM_EXPORT std::int32_t hbDNNGetOutputName(const char** name, hbDNNHandle_t model, std::int32_t index) {
  return getName(__func__, name, model, index, &Model::outputs);
}

BPUSIM_EXPORT std::int32_t hbDNNGetInputTensorProperties(hbDNNTensorProperties* properties, hbDNNHandle_t model,
                                                         std::int32_t index) {
  return getProperties(__func__, properties, model, index, &Model::inputs);
}

BPUSIM_EXPORT std::int32_t hbDNNGetOutputTensorProperties(hbDNNTensorProperties* properties, hbDNNHandle_t model,
                                                          std::int32_t index) {
  return getProperties(__func__, properties, model, index, &Model::outputs);
}

BPUSIM_EXPORT std::int32_t hbDNNGetInputDesc(const char** desc, std::uint32_t* size, std::int32_t* type,
                                             hbDNNHandle_t model, std::int32_t index) {
  return getDescription(__func__, {desc, size, type}, model, index, &Model::inputs);
}

BPUSIM_EXPORT std::int32_t hbDNNGetOutputDesc(const char** desc, std::uint32_t* size, std::int32_t* type,
                                              hbDNNHandle_t model, std::int32_t index) {
  return getDescription(__func__, {desc, size, type}, model, index, &Model::outputs);
}

BPUSIM_EXPORT std::int32_t hbDNNGetModelDesc(const char** desc, std::uint32_t* size, std::int32_t* type,
                                             hbDNNHandle_t model) {
  return guarded(__func__, [&] {
    const Description to{desc, size, type};
    to.require();
    to.set(ModelTable::instance().model(model)->description);
  });
}

BPUSIM_EXPORT std::int32_t hbDNNGetHBMDesc(const char** desc, std::uint32_t* size, std::int32_t* type,
                                           hbDNNPackedHandle_t packedHandle, std::int32_t fileIndex) {
  return guarded(__func__, [&] {
    const Description to{desc, size, type};
    to.require();
    to.set(at(ModelTable::instance().packed(packedHandle)->fileDescriptions(), fileIndex, "file"));
  });
}

BPUSIM_EXPORT std::int32_t hbDNNGetCompileBpuCoreNum(std::int32_t* count, hbDNNHandle_t model) {
  return guarded(__func__, [&] {
    require(count, "count");
    *count = ModelTable::instance().model(model)->cores;
  });
}
