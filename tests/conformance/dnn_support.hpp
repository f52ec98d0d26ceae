// What the tests of the hbDNN functions share. It uses the C ABI alone: the same binary judges a board.
#pragma once

#include <dlfcn.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "bpusim/extension.h"
#include "hobot/dnn/hb_dnn.h"
#include "support/check.hpp"

namespace dnn {

// A file of the models that tests/support/conformance_models.py writes.
inline std::string modelPath(const std::string& name) {
  const char* const folder = std::getenv("CONFORMANCE_MODELS");
  if (folder == nullptr) {
    SKIP("CONFORMANCE_MODELS names no folder of models");
  }
  return std::string(folder) + "/" + name;
}

// The driver extension; null on a board.
inline const bpusimInterface* extension() {
  const auto get = reinterpret_cast<const void* (*)(std::uint32_t)>(dlsym(RTLD_DEFAULT, "bpusimGetInterface"));
  return get == nullptr ? nullptr : static_cast<const bpusimInterface*>(get(BPUSIM_INTERFACE_VERSION));
}

inline const bpusimInterface& needExtension() {
  if (extension() == nullptr) {
    SKIP("this driver is not bpusim");
  }
  return *extension();
}

// Cores of the SoC. A board does not tell: there these tests are for those who know theirs.
inline void needCores(std::int32_t count) {
  std::int32_t cores = count;
  if (extension() != nullptr) {
    CHECK_EQ(extension()->getCoreCount(&cores), HB_UCP_SUCCESS);
  }
  if (cores < count) {
    SKIP("this SoC has fewer cores");
  }
}

// True if the last failure's text names `part`. A board's driver has no texts.
inline bool errorNames(const std::string& part) {
  if (extension() == nullptr) {
    return true;
  }
  const std::string text = extension()->lastError();
  if (text.find(part) != std::string::npos) {
    return true;
  }
  std::printf("the text was: %s\n", text.c_str());
  return false;
}

inline std::int32_t load(hbDNNPackedHandle_t* handle, const std::vector<std::string>& names) {
  std::vector<std::string> paths;
  std::vector<const char*> files;
  for (const std::string& name : names) {
    paths.push_back(modelPath(name));
  }
  for (const std::string& path : paths) {
    files.push_back(path.c_str());
  }
  return hbDNNInitializeFromFiles(handle, files.data(), static_cast<std::int32_t>(files.size()));
}

// Loaded files, released at the end.
class Packed {
 public:
  explicit Packed(const std::vector<std::string>& names) { CHECK_EQ(load(&handle_, names), HB_DNN_SUCCESS); }
  explicit Packed(hbDNNPackedHandle_t handle) : handle_(handle) {}
  ~Packed() {
    if (handle_ != nullptr) {
      hbDNNRelease(handle_);
    }
  }
  Packed(const Packed&) = delete;
  Packed& operator=(const Packed&) = delete;

  [[nodiscard]] hbDNNPackedHandle_t get() const { return handle_; }
  [[nodiscard]] hbDNNPackedHandle_t giveUp() { return std::exchange(handle_, nullptr); }

  [[nodiscard]] std::vector<std::string> names() const {
    const char** names = nullptr;
    std::int32_t count = 0;
    CHECK_EQ(hbDNNGetModelNameList(&names, &count, handle_), HB_DNN_SUCCESS);
    return {names, names + count};
  }

  // The model of this name, or the first one.
  [[nodiscard]] hbDNNHandle_t model(const std::string& name = "") const {
    hbDNNHandle_t handle = nullptr;
    CHECK_EQ(hbDNNGetModelHandle(&handle, handle_, (name.empty() ? names().at(0) : name).c_str()), HB_DNN_SUCCESS);
    return handle;
  }

 private:
  hbDNNPackedHandle_t handle_ = nullptr;
};

// A block of device memory.
class Memory {
 public:
  explicit Memory(std::uint64_t size) { CHECK_EQ(hbUCPMallocCached(&memory_, size, 0), HB_UCP_SUCCESS); }
  ~Memory() {
    if (memory_.virAddr != nullptr) {
      hbUCPFree(&memory_);
    }
  }
  Memory(Memory&& other) noexcept : memory_(std::exchange(other.memory_, {})) {}
  Memory& operator=(Memory&&) = delete;

  [[nodiscard]] const hbUCPSysMem& get() const { return memory_; }
  [[nodiscard]] std::uint8_t* bytes() const { return static_cast<std::uint8_t*>(memory_.virAddr); }

  // A window into the block.
  [[nodiscard]] hbUCPSysMem window(std::uint64_t offset, std::uint64_t size) const {
    return {memory_.phyAddr + offset, bytes() + offset, size};
  }

 private:
  hbUCPSysMem memory_{};
};

inline std::int64_t roundUp(std::int64_t value, std::int64_t unit) { return (value + unit - 1) / unit * unit; }

// Fills what the model leaves open: dimensions from `shape`, strides with rows rounded up to `alignment`.
inline void fillOpen(hbDNNTensorProperties& properties, const std::vector<std::int32_t>& shape = {},
                     std::int64_t alignment = 64) {
  const std::int32_t rank = properties.validShape.numDimensions;
  for (std::int32_t i = rank - 1; i >= 0; --i) {
    if (properties.validShape.dimensionSize[i] < 0) {
      properties.validShape.dimensionSize[i] = shape.at(static_cast<std::size_t>(i));
    }
    if (properties.stride[i] < 0) {
      properties.stride[i] = roundUp(properties.stride[i + 1] * properties.validShape.dimensionSize[i + 1], alignment);
    }
  }
}

inline std::uint64_t sizeOf(const hbDNNTensorProperties& properties) {
  if (properties.alignedByteSize >= 0) {
    return static_cast<std::uint64_t>(properties.alignedByteSize);
  }
  return static_cast<std::uint64_t>(properties.stride[0] * properties.validShape.dimensionSize[0]);
}

// The tensors of one inference with memory for each.
class Tensors {
 public:
  using Change = std::function<void(hbDNNTensorProperties&)>;

  explicit Tensors(hbDNNHandle_t model, const Change& changeInput = {}, const Change& changeOutput = {}) {
    std::int32_t count = 0;
    CHECK_EQ(hbDNNGetInputCount(&count, model), HB_DNN_SUCCESS);
    for (std::int32_t i = 0; i < count; ++i) {
      hbDNNTensorProperties properties{};
      CHECK_EQ(hbDNNGetInputTensorProperties(&properties, model, i), HB_DNN_SUCCESS);
      add(inputs, properties, changeInput);
    }
    CHECK_EQ(hbDNNGetOutputCount(&count, model), HB_DNN_SUCCESS);
    for (std::int32_t i = 0; i < count; ++i) {
      hbDNNTensorProperties properties{};
      CHECK_EQ(hbDNNGetOutputTensorProperties(&properties, model, i), HB_DNN_SUCCESS);
      add(outputs, properties, changeOutput);
    }
  }

  std::vector<hbDNNTensor> inputs;
  std::vector<hbDNNTensor> outputs;

 private:
  void add(std::vector<hbDNNTensor>& tensors, hbDNNTensorProperties properties, const Change& change) {
    if (change) {
      change(properties);
    }
    const std::uint64_t size = sizeOf(properties);
    memory_.emplace_back(size == 0 ? 64 : size);
    std::memset(memory_.back().bytes(), 0xee, memory_.back().get().memSize);
    tensors.push_back({memory_.back().get(), properties});
  }

  std::vector<Memory> memory_;
};

// A task handle, released at the end.
class Task {
 public:
  ~Task() { release(); }
  Task() = default;
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;

  hbUCPTaskHandle_t handle = nullptr;

  [[nodiscard]] std::int32_t submit(std::uint64_t backend = HB_UCP_BPU_CORE_ANY) const {
    hbUCPSchedParam param;
    HB_UCP_INITIALIZE_SCHED_PARAM(&param);
    param.backend = backend;
    return hbUCPSubmitTask(handle, &param);
  }
  [[nodiscard]] std::int32_t wait() const { return hbUCPWaitTaskDone(handle, 0); }
  std::int32_t release() {
    return handle == nullptr ? HB_UCP_SUCCESS : hbUCPReleaseTask(std::exchange(handle, nullptr));
  }
};

// Infer, submit, wait; the first status that is no success.
inline std::int32_t run(hbDNNHandle_t model, Tensors& tensors, Task& task) {
  std::int32_t status = hbDNNInferV2(&task.handle, tensors.outputs.data(), tensors.inputs.data(), model);
  if (status == HB_DNN_SUCCESS) {
    status = task.submit();
  }
  return status == HB_DNN_SUCCESS ? task.wait() : status;
}

inline std::int32_t run(hbDNNHandle_t model, Tensors& tensors) {
  Task task;
  return run(model, tensors, task);
}

// The element at an index of each dimension.
template <class Element>
Element& at(const hbDNNTensor& tensor, const std::vector<std::int64_t>& index) {
  std::int64_t offset = 0;
  for (std::size_t i = 0; i < index.size(); ++i) {
    offset += index[i] * tensor.properties.stride[i];
  }
  return *reinterpret_cast<Element*>(static_cast<std::uint8_t*>(tensor.sysMem.virAddr) + offset);
}

// Calls visit(index) for every element in order.
template <class Visit>
void forEach(const hbDNNTensorShape& shape, Visit&& visit) {
  std::vector<std::int64_t> index(static_cast<std::size_t>(shape.numDimensions), 0);
  std::int64_t left = 1;
  for (std::int32_t i = 0; i < shape.numDimensions; ++i) {
    left *= shape.dimensionSize[i];
  }
  for (; left > 0; --left) {
    visit(index);
    for (std::size_t i = index.size(); i-- > 0;) {
      if (++index[i] < shape.dimensionSize[i]) {
        break;
      }
      index[i] = 0;
    }
  }
}

// 0, 1, 2, ... in order of the elements.
template <class Element>
void count(const hbDNNTensor& tensor) {
  int next = 0;
  forEach(tensor.properties.validShape,
          [&](const std::vector<std::int64_t>& index) { at<Element>(tensor, index) = static_cast<Element>(next++); });
}

// True if the elements are factor * i + offset.
template <class Element>
bool counts(const hbDNNTensor& tensor, double factor, double offset) {
  int next = 0;
  bool same = true;
  forEach(tensor.properties.validShape, [&](const std::vector<std::int64_t>& index) {
    same = same && static_cast<double>(at<Element>(tensor, index)) == factor * next++ + offset;
  });
  return same;
}

template <class Handle>
Handle invented(std::uintptr_t value) {
  return reinterpret_cast<Handle>(value);
}

// Handles that no driver has given out, and one that it has taken back.
inline std::vector<hbDNNHandle_t> deadModels() {
  Packed packed({"affine.onnx"});
  const hbDNNHandle_t released = packed.model();
  return {nullptr, invented<hbDNNHandle_t>(1), invented<hbDNNHandle_t>(0x7fff0000), packed.get(), released};
}

}  // namespace dnn
