// One inference: runs in libhbucp's task on a core.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "bound_inputs.hpp"
#include "engine.hpp"
#include "hobot/dnn/hb_dnn.h"
#include "packed.hpp"
#include "scratch.hpp"
#include "task_interface.hpp"
#include "tensor_binding.hpp"

namespace bpusim {

// What jobs of models have in common: errors as status and text, use of the model, termination.
class ModelJob : public Job {
 public:
  explicit ModelJob(ModelUse use) : use_(std::move(use)) {}

  [[nodiscard]] std::int32_t run() noexcept final;
  void terminate() noexcept final { control_.terminate(); }
  [[nodiscard]] const char* error() const noexcept final { return error_.c_str(); }

 protected:
  [[nodiscard]] const Model& model() const noexcept { return use_.model(); }

  // The engine's part, with scratch.denseInputs and scratch.denseOutputs filled.
  void runEngine(Scratch& scratch);

 private:
  // Throws Error.
  virtual void compute(Scratch& scratch) = 0;

  ModelUse use_;
  RunControl control_;
  std::string error_;
};

// An inference into the caller's outputs.
class InferJob final : public ModelJob {
 public:
  // Copies what it needs of the arrays. Throws Error when an argument is wrong.
  InferJob(ModelUse use, const hbDNNTensor* outputs, const hbDNNTensor* inputs);

  [[nodiscard]] std::int32_t cores() const noexcept override { return model().cores; }

  // After a run that succeeded. Throws Error when there is no such output.
  [[nodiscard]] hbDNNTensorProperties outputProperties(std::int32_t index) const;

 private:
  void compute(Scratch& scratch) override;
  void closeKnownOutputs();
  void prepareOutputs(Scratch& scratch) const;
  void finishOutputs(Scratch& scratch);
  void writeKeptOutputs(const Scratch& scratch) const;

  BoundInputs inputs_;
  std::vector<TensorBinding> outputs_;
  bool open_ = false;  // some output's shape is not known before the run
};

// A run that only tells the shapes of the outputs.
class ShapeJob final : public ModelJob {
 public:
  // `shapes` has to live until the job has ended.
  ShapeJob(ModelUse use, const hbDNNTensor* inputs, std::vector<Shape>& shapes);

  // It only measures: it may use any one core, whatever the model was compiled for.
  [[nodiscard]] std::int32_t cores() const noexcept override { return 1; }

 private:
  void compute(Scratch& scratch) override;

  BoundInputs inputs_;
  std::vector<Shape>& shapes_;
};

}  // namespace bpusim
