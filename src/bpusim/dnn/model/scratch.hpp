// Memory of one run that is kept for the next one: dense copies of strided tensors, and the arrays of the call.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

#include "dnn/base/aligned_bytes.hpp"
#include "dnn/engine/engine.hpp"

namespace bpusim {

// Grows, never shrinks.
class ScratchBuffer {
 public:
  [[nodiscard]] void* get(std::size_t size) {
    if (size > size_) {
      memory_.reset();
      memory_ = alignedBytes(size);
      size_ = size;
    }
    return memory_.get();
  }

 private:
  AlignedBytes memory_;
  std::size_t size_ = 0;
};

struct Scratch {
  std::vector<ScratchBuffer> inputs;
  std::vector<ScratchBuffer> outputs;
  std::vector<DenseTensor> denseInputs;
  std::vector<DenseTensor> denseOutputs;
  std::vector<EngineValue> allocated;
  std::vector<std::shared_ptr<const void>> held;  // device memory that the run uses
};

// One for each run that is under way at the same time.
class ScratchPool {
 public:
  [[nodiscard]] std::unique_ptr<Scratch> take() {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (free_.empty()) {
      return std::make_unique<Scratch>();
    }
    std::unique_ptr<Scratch> scratch = std::move(free_.back());
    free_.pop_back();
    return scratch;
  }

  void giveBack(std::unique_ptr<Scratch> scratch) {
    scratch->allocated.clear();
    scratch->held.clear();
    const std::lock_guard<std::mutex> lock(mutex_);
    free_.push_back(std::move(scratch));
  }

 private:
  std::mutex mutex_;
  std::vector<std::unique_ptr<Scratch>> free_;
};

}  // namespace bpusim
