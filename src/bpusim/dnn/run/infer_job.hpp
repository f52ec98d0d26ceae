// One inference: runs in libhbucp's task on a core.
#pragma once

#include <string>
#include <vector>

#include "dnn/engine/engine.hpp"
#include "dnn/model/packed.hpp"
#include "dnn/model/scratch.hpp"
#include "dnn/run/bound_inputs.hpp"
#include "dnn/run/result.hpp"
#include "dnn/run/tensor_binding.hpp"
#include "hobot/dnn/hb_dnn.h"
#include "task_interface.hpp"

namespace bpusim {

// One inference. Its results are in the caller's outputs, or kept for the caller to take.
class InferJob final : public Job {
 public:
  // Copies what it needs of the arrays. With `mayKeep` a model that was loaded for delivery keeps results. Throws Error
  // when an argument is wrong.
  InferJob(ModelUse use, const hbDNNTensor* outputs, const hbDNNTensor* inputs, bool mayKeep);

  [[nodiscard]] std::int32_t run() noexcept override;
  void terminate() noexcept override { control_.terminate(); }
  [[nodiscard]] std::int32_t cores() const noexcept override { return model().cores; }
  [[nodiscard]] bool isLikeTheLast() const noexcept override;
  [[nodiscard]] const char* error() const noexcept override { return error_.c_str(); }

  // Both after a run that succeeded. Throw Error: there is no such output, or another number of them.
  [[nodiscard]] hbDNNTensorProperties outputProperties(std::int32_t index) const;
  void takeResults(bpusimResult* results, std::int32_t count);

 private:
  [[nodiscard]] const Model& model() const noexcept { return use_.model(); }

  void compute(Scratch& scratch);
  [[nodiscard]] bool mayBeInPlace(std::size_t index) const;
  void prepareOutputs(Scratch& scratch) const;
  void runEngine(Scratch& scratch) const;
  void finishOutputs(Scratch& scratch);
  void finishAllocated(Scratch& scratch, std::size_t index);
  void noteDeclaration(std::size_t index, const Shape& shape) const;
  void writeKeptOutputs(const Scratch& scratch) const;

  ModelUse use_;
  RunControl control_;
  BoundInputs inputs_;
  std::vector<TensorBinding> outputs_;
  const bool mayKeep_;
  std::vector<Result> results_;  // empty where the caller's memory has it
  std::string error_;
};

}  // namespace bpusim
