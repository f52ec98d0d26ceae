// One inference: runs in libhbucp's task on a core.
#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "engine.hpp"
#include "hobot/dnn/hb_dnn.h"
#include "packed.hpp"
#include "scratch.hpp"
#include "task_interface.hpp"
#include "tensor_binding.hpp"

namespace bpusim {

class InferJob final : public Job {
 public:
  // Copies what it needs of the arrays. Throws Error when an argument is wrong.
  InferJob(ModelUse use, const hbDNNTensor* outputs, const hbDNNTensor* inputs);

  [[nodiscard]] std::int32_t run() noexcept override;
  void terminate() noexcept override;
  [[nodiscard]] std::int32_t cores() const noexcept override { return use_.model().cores; }
  [[nodiscard]] const char* error() const noexcept override { return error_.c_str(); }

  // After a run that succeeded. Throws Error when there is no such output.
  [[nodiscard]] hbDNNTensorProperties outputProperties(std::int32_t index) const;

 private:
  void compute(Scratch& scratch);
  void prepareInputs(Scratch& scratch) const;
  void prepareOutputs(Scratch& scratch) const;
  void finishOutputs(Scratch& scratch);
  [[nodiscard]] bool overlapsInput(const TensorBinding& output) const noexcept;

  ModelUse use_;
  RunControl control_;
  std::vector<TensorBinding> inputs_;
  std::vector<TensorBinding> outputs_;
  std::string error_;
};

}  // namespace bpusim
