#include "infer_job.hpp"

#include <algorithm>
#include <utility>

#include "error.hpp"
#include "kept_files.hpp"
#include "library.hpp"
#include "tensor_types.hpp"

namespace bpusim {
namespace {

// Whether all gaps are those of the model's strides. In others the caller may have put different data.
[[nodiscard]] bool gapsAreTheModels(const TensorBinding& binding) {
  const Layout& layout = binding.layout;
  std::int64_t natural = layout.elementSize;
  for (std::int32_t i = layout.rank - 1; i >= 0; --i) {
    const std::int64_t model = binding.tensor->properties.stride[i];
    const bool open = model < 0 || !binding.tensor->rankKnown;
    if (layout.strides[i] != (open ? natural : model)) {
      return false;
    }
    natural = layout.strides[i] * layout.shape[i];
  }
  return true;
}

// Where zeroing of gaps ends: the whole of the outermost steps, inside the caller's memory. Null: none are zeroed.
[[nodiscard]] const void* paddingEnd(const TensorBinding& binding) {
  const Layout& layout = binding.layout;
  if (layout.rank == 0 || !gapsAreTheModels(binding)) {
    return nullptr;
  }
  const auto whole = static_cast<std::uint64_t>(layout.strides[0]) * static_cast<std::uint64_t>(layout.shape[0]);
  return static_cast<const std::byte*>(binding.data) + std::min(whole, binding.window);
}

}  // namespace

std::int32_t ModelJob::run() noexcept {
  std::int32_t status = HB_UCP_SUCCESS;
  try {
    std::unique_ptr<Scratch> scratch = model().scratch.take();
    compute(*scratch);
    model().scratch.giveBack(std::move(scratch));
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

void ModelJob::runEngine(Scratch& scratch) {
  try {
    model().session->use([&](const EngineSession& session) {
      session.run(control_, model().inputNames, scratch.denseInputs, model().outputNames, scratch.denseOutputs,
                  scratch.allocated);
    });
  } catch (const Error& error) {
    throw Error(error.status(), "model '" + model().name + "': " + error.what());
  }
}

InferJob::InferJob(ModelUse use, const hbDNNTensor* outputs, const hbDNNTensor* inputs)
    : ModelJob(std::move(use)), inputs_(model(), inputs) {
  requireArray(outputs, model().outputs.size(), "outputs", model().name);
  outputs_.reserve(model().outputs.size());
  for (std::size_t i = 0; i < model().outputs.size(); ++i) {
    outputs_.push_back(bindOutput(model().outputs[i], outputs[i], model().name));
    open_ = open_ || outputs_.back().open;
  }
}

void InferJob::compute(Scratch& scratch) {
  inputs_.prepare(model(), scratch);
  for (const TensorBinding& output : outputs_) {
    holdMemory(output, model().name, scratch);
  }
  if (open_) {
    closeKnownOutputs();
  }
  prepareOutputs(scratch);
  runEngine(scratch);
  finishOutputs(scratch);
  if (!model().options.keepFolder.empty() && !model().source.keep.empty()) {
    writeKeptOutputs(scratch);
  }
}

// Shapes that the client has asked for before: these outputs are written in place.
void InferJob::closeKnownOutputs() {
  const std::shared_ptr<const OutputShapes> shapes = model().shapes.find(inputs_.shapes());
  for (std::size_t i = 0; shapes != nullptr && i < outputs_.size(); ++i) {
    const std::optional<Shape>& shape = (*shapes)[i];
    if (outputs_[i].open && shape.has_value()) {
      closeBinding(outputs_[i], *shape, model().name);
    }
  }
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
    if (!isDense(output.layout) || inputs_.overlap(output) || output.data == nullptr) {
      // The engine tells memory from none by the address, also when nothing is to be written.
      dense.data = scratch.outputs[i].get(std::max<std::size_t>(dense.size, 1));
    }
  }
}

void InferJob::finishOutputs(Scratch& scratch) {
  for (std::size_t i = 0; i < outputs_.size(); ++i) {
    TensorBinding& output = outputs_[i];
    const void* source = scratch.denseOutputs[i].data;
    if (output.open) {
      closeBinding(output, scratch.allocated[i].shape(), model().name);
      source = scratch.allocated[i].data();
    }
    if (source != output.data) {
      unpack(output.layout, source, output.data, paddingEnd(output));
    }
  }
}

void InferJob::writeKeptOutputs(const Scratch& scratch) const {
  const std::string folder = keptFolder(model().options.keepFolder, model().name, ++model().keptRuns);
  const std::size_t own = outputs_.size() - model().source.keep.size();
  for (std::size_t i = own; i < outputs_.size(); ++i) {
    const void* const data = scratch.denseOutputs[i].data;
    writeKept(folder, i - own, model().source.keep[i - own], outputs_[i].tensor->properties.tensorType,
              outputs_[i].layout, data != nullptr ? data : scratch.allocated[i].data());
  }
}

hbDNNTensorProperties InferJob::outputProperties(std::int32_t index) const {
  if (index < 0 || static_cast<std::size_t>(index) >= outputs_.size()) {
    throw Error(HB_DNN_INVALID_ARGUMENT, "model '" + model().name + "' has no output " + std::to_string(index) +
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

ShapeJob::ShapeJob(ModelUse use, const hbDNNTensor* inputs, std::vector<Shape>& shapes)
    : ModelJob(std::move(use)), inputs_(model(), inputs), shapes_(shapes) {}

void ShapeJob::compute(Scratch& scratch) {
  inputs_.prepare(model(), scratch);
  scratch.denseOutputs.assign(model().outputs.size(), DenseTensor{});
  runEngine(scratch);
  for (const EngineValue& value : scratch.allocated) {
    shapes_.push_back(value.shape());
  }
}

}  // namespace bpusim
