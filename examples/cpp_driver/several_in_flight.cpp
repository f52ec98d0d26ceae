// Keeps several inferences of a model in flight through the driver's C functions, as a camera pipeline does: each slot
// has its own tensors, a callback puts slots that are done into a queue, and the main thread reads and refills them.
//   c++ -std=c++17 several_in_flight.cpp -o several_in_flight -ldnn -lhbucp -pthread
//   ./several_in_flight model.hbm [inferences]
// On a board the headers are in /usr/include and the libraries in /usr/hobot/lib. On a PC give c++ -I and -L (and
// LD_LIBRARY_PATH when running) the folders of the SDK's headers and of bpusim. The inputs are all zero.
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "hobot/dnn/hb_dnn.h"
#include "hobot/hb_ucp.h"
#include "hobot/hb_ucp_sys.h"

namespace {

constexpr int kSlots = 3;

void check(std::int32_t status, const char* call) {
  if (status != HB_UCP_SUCCESS) {
    throw std::runtime_error(std::string(call) + ": " + hbDNNGetErrorDesc(status) + " (" + std::to_string(status) +
                             ")");
  }
}

// Models of one file.
class Packed {
 public:
  explicit Packed(const char* file) { check(hbDNNInitializeFromFiles(&handle_, &file, 1), "hbDNNInitializeFromFiles"); }
  Packed(const Packed&) = delete;
  Packed& operator=(const Packed&) = delete;
  ~Packed() { hbDNNRelease(handle_); }

  [[nodiscard]] hbDNNHandle_t first() const {
    const char** names = nullptr;
    std::int32_t count = 0;
    hbDNNHandle_t model = nullptr;
    check(hbDNNGetModelNameList(&names, &count, handle_), "hbDNNGetModelNameList");
    check(hbDNNGetModelHandle(&model, handle_, names[0]), "hbDNNGetModelHandle");
    std::printf("model %s on %s\n", names[0], hbUCPGetSocName());
    return model;
  }

 private:
  hbDNNPackedHandle_t handle_ = nullptr;
};

// Device memory with the tensors in it, freed at the end.
class Tensors {
 public:
  Tensors() = default;
  Tensors(const Tensors&) = delete;
  Tensors& operator=(const Tensors&) = delete;
  ~Tensors() {
    for (hbDNNTensor& tensor : all_) {
      hbUCPFree(&tensor.sysMem);
    }
  }

  void add(hbDNNTensorProperties properties) {
    hbDNNTensor tensor{};
    tensor.properties = properties;
    check(hbUCPMallocCached(&tensor.sysMem, complete(tensor.properties), 0), "hbUCPMallocCached");
    std::memset(tensor.sysMem.virAddr, 0, tensor.sysMem.memSize);
    all_.push_back(tensor);
  }
  void flush(std::int32_t flag) {
    for (const hbDNNTensor& tensor : all_) {
      check(hbUCPMemFlush(&tensor.sysMem, flag), "hbUCPMemFlush");
    }
  }
  [[nodiscard]] hbDNNTensor* data() { return all_.data(); }

 private:
  // Fills the strides that the model leaves open (NV12 inputs), rows rounded up to 64 bytes. Returns the tensor's size.
  static std::uint64_t complete(hbDNNTensorProperties& properties) {
    for (std::int32_t i = properties.validShape.numDimensions - 1; i >= 0; --i) {
      if (properties.validShape.dimensionSize[i] < 0) {
        throw std::runtime_error("the model has a dimension that its caller decides; this example has none to give");
      }
      if (properties.stride[i] < 0) {
        properties.stride[i] = (properties.stride[i + 1] * properties.validShape.dimensionSize[i + 1] + 63) / 64 * 64;
      }
    }
    const std::int64_t size = properties.alignedByteSize;
    return static_cast<std::uint64_t>(size > 0 ? size : properties.stride[0] * properties.validShape.dimensionSize[0]);
  }

  std::vector<hbDNNTensor> all_;
};

// Slots whose inference is over, from the driver's threads to ours.
class DoneQueue {
 public:
  void push(int slot, std::int32_t status) {
    const std::lock_guard<std::mutex> lock(mutex_);
    done_.emplace_back(slot, status);
    arrived_.notify_one();
  }
  [[nodiscard]] std::pair<int, std::int32_t> pop() {
    std::unique_lock<std::mutex> lock(mutex_);
    arrived_.wait(lock, [this] { return !done_.empty(); });
    const auto first = done_.front();
    done_.pop_front();
    return first;
  }

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<std::pair<int, std::int32_t>> done_;
};

// One place in the pipeline. Its destructor waits, so that no tensor is freed under the device.
class Slot {
 public:
  Slot(int index, hbDNNHandle_t model, DoneQueue& queue) : index_(index), model_(model), queue_(queue) {
    std::int32_t count = 0;
    hbDNNTensorProperties properties{};
    check(hbDNNGetInputCount(&count, model), "hbDNNGetInputCount");
    for (std::int32_t i = 0; i < count; ++i) {
      check(hbDNNGetInputTensorProperties(&properties, model, i), "hbDNNGetInputTensorProperties");
      inputs_.add(properties);
    }
    check(hbDNNGetOutputCount(&count, model), "hbDNNGetOutputCount");
    for (std::int32_t i = 0; i < count; ++i) {
      check(hbDNNGetOutputTensorProperties(&properties, model, i), "hbDNNGetOutputTensorProperties");
      outputs_.add(properties);
    }
  }
  Slot(const Slot&) = delete;
  Slot& operator=(const Slot&) = delete;
  ~Slot() { release(); }

  // frame: the older one goes first when several wait for a core.
  void start(std::int64_t frame) {
    inputs_.flush(HB_SYS_MEM_CACHE_CLEAN);
    check(hbDNNInferV2(&task_, outputs_.data(), inputs_.data(), model_), "hbDNNInferV2");
    check(hbUCPSetTaskDoneCb(task_, &Slot::onDone, this), "hbUCPSetTaskDoneCb");
    hbUCPSchedParam param;
    HB_UCP_INITIALIZE_SCHED_PARAM(&param);
    param.backend = HB_UCP_BPU_CORE_ANY;
    param.customId = frame;
    check(hbUCPSubmitTask(task_, &param), "hbUCPSubmitTask");
    submitted_ = true;
  }

  // After the callback: the outputs may be read.
  void finish() {
    outputs_.flush(HB_SYS_MEM_CACHE_INVALIDATE);
    release();
  }

 private:
  static void onDone(hbUCPTaskHandle_t, std::int32_t status, void* userdata) {
    auto* const slot = static_cast<Slot*>(userdata);
    slot->queue_.push(slot->index_, status);
  }

  void release() {
    if (task_ != nullptr) {
      if (submitted_) {
        hbUCPWaitTaskDone(task_, 0);
      }
      hbUCPReleaseTask(std::exchange(task_, nullptr));
      submitted_ = false;
    }
  }

  int index_;
  hbDNNHandle_t model_;
  DoneQueue& queue_;
  Tensors inputs_;
  Tensors outputs_;
  hbUCPTaskHandle_t task_ = nullptr;
  bool submitted_ = false;
};

void run(const char* file, int inferences) {
  const Packed packed(file);
  const hbDNNHandle_t model = packed.first();
  DoneQueue queue;
  std::vector<std::unique_ptr<Slot>> slots;
  const auto begin = std::chrono::steady_clock::now();
  int started = 0;
  for (int i = 0; i < kSlots && started < inferences; ++i) {
    slots.push_back(std::make_unique<Slot>(i, model, queue));
    slots.back()->start(started++);
  }
  for (int ended = 0; ended < inferences; ++ended) {
    const auto [index, status] = queue.pop();
    check(status, "inference");
    Slot& slot = *slots[static_cast<std::size_t>(index)];
    slot.finish();
    if (started < inferences) {
      slot.start(started++);
    }
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  std::printf("%d inferences in %.3f s\n", inferences, took.count());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2 && argc != 3) {
    std::fprintf(stderr, "usage: %s model.hbm [inferences]\n", argv[0]);
    return 2;
  }
  try {
    run(argv[1], argc == 3 ? std::atoi(argv[2]) : 10);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
