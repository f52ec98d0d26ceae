#include "infer_job.hpp"

#include <algorithm>
#include <functional>
#include <utility>

#include "error.hpp"
#include "library.hpp"
#include "tensor_types.hpp"

namespace bpusim {
namespace {

void checkArray(const void* array, std::size_t count, const char* what, const std::string& model) {
  if (array == nullptr && count != 0) {
    throw Error(HB_DNN_INVALID_ARGUMENT, "model '" + model + "': " + what + " is NULL");
  }
}

// Whether the memory is still there when the task runs.
void checkStillThere(const TensorBinding& binding, const std::string& model) {
  const std::uint64_t needed =
      binding.open ? binding.window : static_cast<std::uint64_t>(spanOf(binding.layout).value_or(0));
  if (needed != 0 && !tasks()->memoryCovers(binding.data, needed)) {
    throw Error(HB_DNN_RUN_TASK_FAILED, "model '" + model + "', tensor '" + binding.tensor->name +
                                            "': its memory was freed before the task ran");
  }
}

[[nodiscard]] DenseTensor denseTensor(const TensorBinding& binding, void* data) {
  return {data, static_cast<std::size_t>(denseSize(binding.layout)), binding.layout.shape,
          static_cast<std::size_t>(binding.layout.rank), binding.tensor->properties.tensorType};
}

// Where zeroing of gaps ends: the whole of the outermost steps, inside the caller's memory.
[[nodiscard]] const void* paddingEnd(const TensorBinding& binding) {
  const Layout& layout = binding.layout;
  if (!binding.zeroPadding || layout.rank == 0) {
    return nullptr;
  }
  const auto whole = static_cast<std::uint64_t>(layout.strides[0]) * static_cast<std::uint64_t>(layout.shape[0]);
  return static_cast<const std::byte*>(binding.data) + std::min(whole, binding.window);
}

}  // namespace

InferJob::InferJob(ModelUse use, const hbDNNTensor* outputs, const hbDNNTensor* inputs) : use_(std::move(use)) {
  const Model& model = use_.model();
  checkArray(inputs, model.inputs.size(), "inputs", model.name);
  checkArray(outputs, model.outputs.size(), "outputs", model.name);
  inputs_.reserve(model.inputs.size());
  for (std::size_t i = 0; i < model.inputs.size(); ++i) {
    inputs_.push_back(bindInput(model.inputs[i], inputs[i], model.name));
  }
  outputs_.reserve(model.outputs.size());
  for (std::size_t i = 0; i < model.outputs.size(); ++i) {
    outputs_.push_back(bindOutput(model.outputs[i], outputs[i], model.name));
  }
}

std::int32_t InferJob::run() noexcept {
  std::int32_t status = HB_UCP_SUCCESS;
  try {
    const Model& model = use_.model();
    std::unique_ptr<Scratch> scratch = model.scratch.take();
    compute(*scratch);
    model.scratch.giveBack(std::move(scratch));
  } catch (const Error& error) {
    status = error.status();
    error_ = error.what();
  } catch (const std::bad_alloc&) {
    status = HB_DNN_OUT_OF_MEMORY;
    error_ = "out of memory";
  } catch (const std::exception& error) {
    status = HB_DNN_RUN_TASK_FAILED;
    error_ = error.what();
  }
  use_.end();
  return status;
}

void InferJob::terminate() noexcept { control_.terminate(); }

void InferJob::compute(Scratch& scratch) {
  const Model& model = use_.model();
  for (const auto* bindings : {&inputs_, &outputs_}) {
    for (const TensorBinding& binding : *bindings) {
      checkStillThere(binding, model.name);
    }
  }
  prepareInputs(scratch);
  prepareOutputs(scratch);
  try {
    model.session->run(control_, model.inputNames, scratch.denseInputs, model.outputNames, scratch.denseOutputs,
                       scratch.allocated);
  } catch (const Error& error) {
    throw Error(error.status(), "model '" + model.name + "': " + error.what());
  }
  finishOutputs(scratch);
}

void InferJob::prepareInputs(Scratch& scratch) const {
  scratch.denseInputs.clear();
  scratch.inputs.resize(inputs_.size());
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    const TensorBinding& input = inputs_[i];
    DenseTensor& dense = scratch.denseInputs.emplace_back(denseTensor(input, input.data));
    if (!isDense(input.layout)) {
      dense.data = scratch.inputs[i].get(dense.size);
      pack(input.layout, input.data, dense.data);
    }
  }
}

bool InferJob::overlapsInput(const TensorBinding& output) const noexcept {
  const auto begin = [](const TensorBinding& binding) { return static_cast<const std::byte*>(binding.data); };
  const auto end = [&](const TensorBinding& binding) { return begin(binding) + spanOf(binding.layout).value_or(0); };
  const std::less<> before;
  return std::any_of(inputs_.begin(), inputs_.end(), [&](const TensorBinding& input) {
    return before(begin(input), end(output)) && before(begin(output), end(input));
  });
}

void InferJob::prepareOutputs(Scratch& scratch) const {
  scratch.denseOutputs.clear();
  scratch.outputs.resize(outputs_.size());
  for (std::size_t i = 0; i < outputs_.size(); ++i) {
    const TensorBinding& output = outputs_[i];
    if (output.open) {
      scratch.denseOutputs.push_back(denseTensor(output, nullptr));
      continue;
    }
    DenseTensor& dense = scratch.denseOutputs.emplace_back(denseTensor(output, output.data));
    if (!isDense(output.layout) || overlapsInput(output)) {
      dense.data = scratch.outputs[i].get(dense.size);
    } else if (dense.size == 0) {
      dense.data = scratch.outputs[i].get(1);  // the engine tells memory from none by the address
    }
  }
}

void InferJob::finishOutputs(Scratch& scratch) {
  const std::string& model = use_.model().name;
  for (std::size_t i = 0; i < outputs_.size(); ++i) {
    TensorBinding& output = outputs_[i];
    const void* source = scratch.denseOutputs[i].data;
    if (output.open) {
      closeBinding(output, scratch.allocated[i].shape(), model);
      source = scratch.allocated[i].data();
    }
    if (source != output.data) {
      unpack(output.layout, source, output.data, paddingEnd(output));
    }
  }
}

hbDNNTensorProperties InferJob::outputProperties(std::int32_t index) const {
  if (index < 0 || static_cast<std::size_t>(index) >= outputs_.size()) {
    throw Error(HB_DNN_INVALID_ARGUMENT, "model '" + use_.model().name + "' has no output " + std::to_string(index) +
                                             ": it has " + std::to_string(outputs_.size()));
  }
  const TensorBinding& output = outputs_[static_cast<std::size_t>(index)];
  hbDNNTensorProperties properties = output.tensor->properties;
  properties.validShape.numDimensions = output.layout.rank;
  for (std::int32_t i = 0; i < output.layout.rank; ++i) {
    properties.validShape.dimensionSize[i] = static_cast<std::int32_t>(output.layout.shape[i]);
    properties.stride[i] = output.layout.strides[i];
  }
  if (output.tensor->dynamic) {
    properties.alignedByteSize =
        output.layout.rank == 0 ? output.layout.elementSize : output.layout.strides[0] * output.layout.shape[0];
  }
  return properties;
}

}  // namespace bpusim
