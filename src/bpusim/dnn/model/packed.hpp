// Packed handles and model handles. Handles are numbers that are never used twice, so a released, foreign or invented
// one is always recognised.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <shared_mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "dnn/model/model.hpp"
#include "hobot/dnn/hb_dnn.h"

namespace bpusim {

// What one file of an hbDNNInitializeFrom... call has.
struct LoadedFile {
  std::string description;
  std::vector<std::shared_ptr<const Model>> models;
};

// The models of one such call.
class PackedModels {
 public:
  explicit PackedModels(std::vector<LoadedFile> files);

  [[nodiscard]] const std::vector<std::string>& fileDescriptions() const noexcept { return fileDescriptions_; }
  [[nodiscard]] const std::vector<std::shared_ptr<const Model>>& models() const noexcept { return models_; }
  [[nodiscard]] const std::vector<const char*>& names() const noexcept { return names_; }

 private:
  friend class ModelUse;
  friend class ModelTable;

  std::vector<std::string> fileDescriptions_;
  std::vector<std::shared_ptr<const Model>> models_;
  std::vector<const char*> names_;
  std::vector<hbDNNHandle_t> handles_;
  std::atomic<std::int32_t> uses_{0};  // inferences that have not ended
};

// Keeps a model from being released while an inference is under way.
class ModelUse {
 public:
  ModelUse() = default;
  ModelUse(std::shared_ptr<PackedModels> packed, const Model* model) noexcept;
  ~ModelUse() { end(); }
  ModelUse(ModelUse&& other) noexcept;
  ModelUse& operator=(ModelUse&&) = delete;

  // Still valid after end(): the memory stays, only the handle may go.
  [[nodiscard]] const Model& model() const noexcept { return *model_; }
  void end() noexcept;

 private:
  std::shared_ptr<PackedModels> packed_;
  const Model* model_ = nullptr;
  bool active_ = false;
};

class ModelTable {
 public:
  [[nodiscard]] static ModelTable& instance();

  [[nodiscard]] hbDNNPackedHandle_t add(std::shared_ptr<PackedModels> packed);

  // All throw Error for handles that are not alive.
  void release(hbDNNPackedHandle_t handle);
  [[nodiscard]] std::shared_ptr<const PackedModels> packed(hbDNNPackedHandle_t handle) const;
  [[nodiscard]] hbDNNHandle_t handleOf(hbDNNPackedHandle_t handle, const char* name) const;
  [[nodiscard]] std::shared_ptr<const Model> model(hbDNNHandle_t handle) const;
  [[nodiscard]] ModelUse use(hbDNNHandle_t handle) const;

  [[nodiscard]] std::int64_t livePackedModels() const;

  // The engines in use with their versions, and each loaded model that another one computes than was asked for, with
  // the reason.
  [[nodiscard]] std::string engines() const;

 private:
  struct Entry {
    std::shared_ptr<PackedModels> packed;
    const Model* model;
  };

  [[nodiscard]] void* nextHandle() noexcept;
  [[nodiscard]] const std::shared_ptr<PackedModels>& livePacked(hbDNNPackedHandle_t handle) const;
  [[nodiscard]] const Entry& liveModel(hbDNNHandle_t handle) const;

  mutable std::shared_mutex mutex_;
  std::uintptr_t last_ = 0;
  std::unordered_map<void*, std::shared_ptr<PackedModels>> packed_;
  std::unordered_map<void*, Entry> models_;
};

}  // namespace bpusim
