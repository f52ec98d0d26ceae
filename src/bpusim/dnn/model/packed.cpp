#include "dnn/model/packed.hpp"

#include <cstring>
#include <mutex>
#include <utility>

#include "dnn/base/error.hpp"
#include "dnn/engine/engine_library.hpp"
#include "dnn/engine/engine_plugins.hpp"
#include "never_destroyed.hpp"

namespace bpusim {
namespace {

// The upper bits make handles no addresses that a program could hold.
constexpr std::uintptr_t kHandleTag = std::uintptr_t{0xB906} << 48U;
constexpr std::uintptr_t kHandleStep = 16;

}  // namespace

PackedModels::PackedModels(std::vector<LoadedFile> files) {
  for (LoadedFile& file : files) {
    fileDescriptions_.push_back(std::move(file.description));
    for (std::shared_ptr<const Model>& model : file.models) {
      models_.push_back(std::move(model));
    }
  }
  for (const std::shared_ptr<const Model>& model : models_) {
    names_.push_back(model->name.c_str());
  }
}

ModelUse::ModelUse(std::shared_ptr<PackedModels> packed, const Model* model) noexcept
    : packed_(std::move(packed)), model_(model), active_(true) {
  packed_->uses_.fetch_add(1);
}

ModelUse::ModelUse(ModelUse&& other) noexcept
    : packed_(std::move(other.packed_)), model_(other.model_), active_(std::exchange(other.active_, false)) {}

void ModelUse::end() noexcept {
  if (std::exchange(active_, false)) {
    packed_->uses_.fetch_sub(1);
  }
}

ModelTable& ModelTable::instance() {
  // Never destroyed: tasks may end while the process does.
  static hbm::NeverDestroyed<ModelTable> table;
  return *table;
}

void* ModelTable::nextHandle() noexcept {
  last_ += kHandleStep;
  return reinterpret_cast<void*>(kHandleTag | last_);  // NOLINT: a number, never followed
}

hbDNNPackedHandle_t ModelTable::add(std::shared_ptr<PackedModels> packed) {
  const std::unique_lock lock(mutex_);
  for (const std::shared_ptr<const Model>& model : packed->models_) {
    void* const handle = nextHandle();
    packed->handles_.push_back(handle);
    models_.emplace(handle, Entry{packed, model.get()});
  }
  void* const handle = nextHandle();
  packed_.emplace(handle, std::move(packed));
  return handle;
}

const std::shared_ptr<PackedModels>& ModelTable::livePacked(hbDNNPackedHandle_t handle) const {
  const auto found = packed_.find(handle);
  if (found == packed_.end()) {
    throw Error(HB_DNN_INVALID_PACKED_DNN_HANDLE, handle == nullptr
                                                      ? "the packed handle is NULL"
                                                      : "the packed handle is not alive: it was released or "
                                                        "never given out by this driver");
  }
  return found->second;
}

const ModelTable::Entry& ModelTable::liveModel(hbDNNHandle_t handle) const {
  const auto found = models_.find(handle);
  if (found == models_.end()) {
    throw Error(HB_DNN_INVALID_DNN_HANDLE, handle == nullptr ? "the model handle is NULL"
                                                             : "the model handle is not alive: its packed handle was "
                                                               "released, or this driver never gave it out");
  }
  return found->second;
}

void ModelTable::release(hbDNNPackedHandle_t handle) {
  std::shared_ptr<PackedModels> released;  // dies without the lock: that takes time
  const std::unique_lock lock(mutex_);
  released = livePacked(handle);
  if (const std::int32_t uses = released->uses_.load(); uses != 0) {
    throw Error(HB_DNN_MODEL_IS_RUNNING, std::to_string(uses) +
                                             " inferences of these models have not ended; wait for their tasks or "
                                             "release them first");
  }
  for (void* const model : released->handles_) {
    models_.erase(model);
  }
  packed_.erase(handle);
}

std::shared_ptr<const PackedModels> ModelTable::packed(hbDNNPackedHandle_t handle) const {
  const std::shared_lock lock(mutex_);
  return livePacked(handle);
}

hbDNNHandle_t ModelTable::handleOf(hbDNNPackedHandle_t handle, const char* name) const {
  const std::shared_lock lock(mutex_);
  const PackedModels& packed = *livePacked(handle);
  std::string known;
  for (std::size_t i = 0; i < packed.names_.size(); ++i) {
    if (std::strcmp(packed.names_[i], name) == 0) {
      return packed.handles_[i];
    }
    known += (known.empty() ? "'" : ", '") + std::string(packed.names_[i]) + "'";
  }
  throw Error(HB_DNN_INVALID_ARGUMENT, "there is no model '" + std::string(name) + "'; the models are " + known);
}

std::shared_ptr<const Model> ModelTable::model(hbDNNHandle_t handle) const {
  const std::shared_lock lock(mutex_);
  const Entry& entry = liveModel(handle);
  return {entry.packed, entry.model};
}

ModelUse ModelTable::use(hbDNNHandle_t handle) const {
  const std::shared_lock lock(mutex_);
  const Entry& entry = liveModel(handle);
  return {entry.packed, entry.model};
}

std::int64_t ModelTable::livePackedModels() const {
  const std::shared_lock lock(mutex_);
  return static_cast<std::int64_t>(packed_.size());
}

std::string ModelTable::engines() const {
  const std::shared_lock lock(mutex_);
  if (last_ == 0) {
    return "ONNX Runtime, not loaded yet";
  }
  std::string text = "ONNX Runtime " + engineLibrary().version + pluginsInUse();
  for (const auto& [handle, packed] : packed_) {
    for (const std::shared_ptr<const Model>& model : packed->models()) {
      if (!model->engine.reason.empty()) {
        text += "; model '" + model->name + "': " + model->engine.reason;
      }
    }
  }
  return text;
}

}  // namespace bpusim
