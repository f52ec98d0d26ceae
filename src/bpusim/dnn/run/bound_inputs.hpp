// The inputs of one inference.
#pragma once

#include <string>
#include <vector>

#include "dnn/model/model.hpp"
#include "dnn/model/scratch.hpp"
#include "dnn/model/shape_pass.hpp"
#include "dnn/run/tensor_binding.hpp"
#include "hobot/dnn/hb_dnn.h"

namespace bpusim {

class BoundInputs {
 public:
  // Copies what it needs of the array. Throws Error when something about it is wrong.
  BoundInputs(const Model& model, const hbDNNTensor* inputs);

  // Fills scratch.denseInputs: the caller's memory where it is dense, else a copy. Throws Error.
  void prepare(const Model& model, Scratch& scratch) const;

  [[nodiscard]] std::vector<Shape> shapes() const;
  // Of all inputs together, without gaps.
  [[nodiscard]] std::int64_t denseBytes() const noexcept;
  [[nodiscard]] bool overlap(const TensorBinding& output) const noexcept;

 private:
  std::vector<TensorBinding> bindings_;
};

// Keeps the memory of a tensor for the run. Throws Error when it is gone.
void holdMemory(const TensorBinding& binding, const std::string& model, Scratch& scratch);

// The tensor without gaps at `data`.
[[nodiscard]] DenseTensor denseTensor(const TensorBinding& binding, void* data);

// Throws Error for an array that is NULL and should have elements.
void requireArray(const void* array, std::size_t count, const char* what, const std::string& model);

}  // namespace bpusim
