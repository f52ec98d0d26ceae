// One model with its tensors, driven through the C ABI as a careful C++ program would.
#pragma once

#include <stdexcept>
#include <string>
#include <vector>

#include "loader/driver.hpp"

namespace bench {

inline void require(std::int32_t status, const char* function) {
  if (status != 0) {
    throw std::runtime_error(std::string(function) + " failed with " + std::to_string(status));
  }
}

class ModelOnDriver {
 public:
  ModelOnDriver(const hbm::Driver& driver, const char* path) : driver_(driver) {
    require(driver_.hbDNNInitializeFromFiles(&packed_, &path, 1), "hbDNNInitializeFromFiles");
    const char** names = nullptr;
    std::int32_t count = 0;
    require(driver_.hbDNNGetModelNameList(&names, &count, packed_), "hbDNNGetModelNameList");
    require(driver_.hbDNNGetModelHandle(&model_, packed_, names[0]), "hbDNNGetModelHandle");
    require(driver_.hbDNNGetInputCount(&count, model_), "hbDNNGetInputCount");
    for (std::int32_t i = 0; i < count; ++i) {
      hbDNNTensor& tensor = inputs_.emplace_back();
      require(driver_.hbDNNGetInputTensorProperties(&tensor.properties, model_, i), "hbDNNGetInputTensorProperties");
      allocate(tensor);
    }
    require(driver_.hbDNNGetOutputCount(&count, model_), "hbDNNGetOutputCount");
    for (std::int32_t i = 0; i < count; ++i) {
      hbDNNTensor& tensor = outputs_.emplace_back();
      require(driver_.hbDNNGetOutputTensorProperties(&tensor.properties, model_, i), "hbDNNGetOutputTensorProperties");
      allocate(tensor);
    }
  }
  ModelOnDriver(const ModelOnDriver&) = delete;
  ModelOnDriver& operator=(const ModelOnDriver&) = delete;
  ~ModelOnDriver() {
    for (auto* tensors : {&inputs_, &outputs_}) {
      for (hbDNNTensor& tensor : *tensors) {
        driver_.hbUCPFree(&tensor.sysMem);
      }
    }
    driver_.hbDNNRelease(packed_);
  }

  // The calls that one inference takes.
  void run(std::uint64_t backend = HB_UCP_BPU_CORE_ANY) {
    for (const hbDNNTensor& tensor : inputs_) {
      require(driver_.hbUCPMemFlush(&tensor.sysMem, HB_SYS_MEM_CACHE_CLEAN), "hbUCPMemFlush");
    }
    hbUCPTaskHandle_t task = nullptr;
    require(driver_.hbDNNInferV2(&task, outputs_.data(), inputs_.data(), model_), "hbDNNInferV2");
    hbUCPSchedParam parameters{};
    parameters.backend = backend;
    require(driver_.hbUCPSubmitTask(task, &parameters), "hbUCPSubmitTask");
    require(driver_.hbUCPWaitTaskDone(task, 0), "hbUCPWaitTaskDone");
    for (const hbDNNTensor& tensor : outputs_) {
      require(driver_.hbUCPMemFlush(&tensor.sysMem, HB_SYS_MEM_CACHE_INVALIDATE), "hbUCPMemFlush");
    }
    require(driver_.hbUCPReleaseTask(task), "hbUCPReleaseTask");
  }

 private:
  void allocate(hbDNNTensor& tensor) const {
    const auto size = static_cast<std::uint64_t>(tensor.properties.alignedByteSize);
    require(driver_.hbUCPMallocCached(&tensor.sysMem, size, 0), "hbUCPMallocCached");
  }

  const hbm::Driver& driver_;
  hbDNNPackedHandle_t packed_ = nullptr;
  hbDNNHandle_t model_ = nullptr;
  std::vector<hbDNNTensor> inputs_;
  std::vector<hbDNNTensor> outputs_;
};

}  // namespace bench
