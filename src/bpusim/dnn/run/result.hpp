// Results that the driver keeps: of outputs that were given without memory, or that do not suit it.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "bpusim/extension.h"
#include "dnn/base/aligned_bytes.hpp"
#include "dnn/engine/engine.hpp"

namespace bpusim {

// A dense tensor in memory of its own.
class Result {
 public:
  Result() = default;
  Result(EngineValue value, std::size_t size);
  // A copy of memory that is somebody else's, too.
  Result(const void* data, std::size_t size);

  [[nodiscard]] bool empty() const noexcept { return data_ == nullptr; }
  [[nodiscard]] void* data() const noexcept { return data_; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }

 private:
  EngineValue value_;
  AlignedBytes copy_;
  void* data_ = nullptr;
  std::size_t size_ = 0;
};

// Hands results over to the client: those that are empty stay so. What is handed over counts as the client's memory
// until releaseResult().
void handOver(std::vector<Result>& results, bpusimResult* to);
void releaseResult(void* owner) noexcept;

}  // namespace bpusim
