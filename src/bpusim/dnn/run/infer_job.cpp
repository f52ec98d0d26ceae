#include "dnn/run/infer_job.hpp"

#include <algorithm>
#include <functional>
#include <numeric>
#include <optional>
#include <utility>

#include "dnn/base/error.hpp"
#include "dnn/base/hbucp.hpp"
#include "dnn/base/tensor_types.hpp"
#include "dnn/run/kept_files.hpp"
#include "kept_text.hpp"

namespace bpusim {
namespace {

// True if all gaps are those of the model's strides. In others the caller may have put different data.
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

[[nodiscard]] std::size_t denseBytes(const Shape& shape, std::int64_t elementSize) {
  return static_cast<std::size_t>(std::accumulate(shape.begin(), shape.end(), elementSize, std::multiplies<>()));
}

[[nodiscard]] bool overlap(const DenseTensor& one, const void* data, std::size_t size) noexcept {
  const std::less<> before;
  const auto* begin = static_cast<const std::byte*>(data);
  const auto* other = static_cast<const std::byte*>(one.data);
  return size != 0 && one.size != 0 && before(begin, other + one.size) && before(other, begin + size);
}

}  // namespace

InferJob::InferJob(ModelUse use, const hbDNNTensor* outputs, const hbDNNTensor* inputs, bool mayKeep)
    : use_(std::move(use)), inputs_(model(), inputs), mayKeep_(mayKeep && model().options.deliverOutputs) {
  requireArray(outputs, model().outputs.size(), "outputs", model().name);
  outputs_.reserve(model().outputs.size());
  for (std::size_t i = 0; i < model().outputs.size(); ++i) {
    outputs_.push_back(bindOutput(model().outputs[i], outputs[i], mayKeep_, model().name));
  }
  results_.resize(outputs_.size());
}

bool InferJob::isLikeTheLast() const noexcept {
  return !model().branches && inputs_.denseBytes() <= model().lastInputBytes.load(std::memory_order_relaxed);
}

std::int32_t InferJob::run() noexcept {
  model().lastInputBytes.store(inputs_.denseBytes(), std::memory_order_relaxed);
  std::int32_t status = HB_UCP_SUCCESS;
  try {
    std::unique_ptr<Scratch> scratch = model().scratch.take();
    compute(*scratch);
    model().scratch.giveBack(std::move(scratch));
  } catch (const Error& error) {
    status = error.status();
    keepText(error_, error.what());
  } catch (const std::bad_alloc&) {
    status = HB_DNN_OUT_OF_MEMORY;
    keepText(error_, "out of memory");
  } catch (const std::exception& error) {
    status = HB_DNN_RUN_TASK_FAILED;
    keepText(error_, error.what());
  }
  use_.end();
  return status;
}

void InferJob::compute(Scratch& scratch) {
  inputs_.prepare(model(), scratch);
  for (const TensorBinding& output : outputs_) {
    holdMemory(output, model().name, scratch);
  }
  prepareOutputs(scratch);
  runEngine(scratch);
  finishOutputs(scratch);
  if (!model().options.keepFolder.empty() && !model().source.keep.empty()) {
    writeKeptOutputs(scratch);
  }
}

// Only where shape and strides are complete, if only because the caller expects them so.
bool InferJob::mayBeInPlace(std::size_t index) const {
  const TensorBinding& output = outputs_[index];
  const Layout& layout = output.layout;
  const std::optional<std::int64_t> span = spanOf(layout);
  return output.hasMemory && output.tensor->rankKnown && model().history.inPlace(index) &&
         std::none_of(layout.shape, layout.shape + layout.rank, [](std::int64_t size) { return size < 0; }) &&
         std::none_of(layout.strides, layout.strides + layout.rank, [](std::int64_t stride) { return stride < 0; }) &&
         span.has_value() && static_cast<std::uint64_t>(*span) <= output.window;
}

void InferJob::prepareOutputs(Scratch& scratch) const {
  scratch.denseOutputs.clear();
  scratch.outputs.resize(outputs_.size());
  for (std::size_t i = 0; i < outputs_.size(); ++i) {
    const TensorBinding& output = outputs_[i];
    const bool inPlace = mayBeInPlace(i);
    DenseTensor& dense = scratch.denseOutputs.emplace_back(denseTensor(output, inPlace ? output.data : nullptr));
    if (inPlace && (!isDense(output.layout) || inputs_.overlap(output))) {
      dense.data = scratch.outputs[i].get(dense.size);
    }
  }
}

// The engine fails when an output that is written in place gets another shape: then all are computed once more into
// memory of its own.
void InferJob::runEngine(Scratch& scratch) const {
  const auto run = [&] {
    model().session->use([&](const EngineSession& session) {
      session.run(control_, model().inputNames, scratch.denseInputs, model().outputNames, scratch.denseOutputs,
                  scratch.allocated);
    });
  };
  std::vector<DenseTensor>& outputs = scratch.denseOutputs;
  const auto inPlace = [](const DenseTensor& output) { return output.data != nullptr; };
  try {
    try {
      run();
    } catch (const Error&) {
      if (control_.terminated() || std::none_of(outputs.begin(), outputs.end(), inPlace)) {
        throw;
      }
      std::for_each(outputs.begin(), outputs.end(), [](DenseTensor& output) { output.data = nullptr; });
      run();
    }
  } catch (const Error& error) {
    throw Error(error.status(), "model '" + model().name + "': " + error.what());
  }
}

void InferJob::finishOutputs(Scratch& scratch) {
  for (std::size_t i = 0; i < outputs_.size(); ++i) {
    const TensorBinding& output = outputs_[i];
    const void* const source = scratch.denseOutputs[i].data;
    if (source == nullptr) {
      finishAllocated(scratch, i);
    } else if (source != output.data) {
      unpack(output.layout, source, output.data, paddingEnd(output));
    }
  }
}

// An output in memory of the engine goes to the caller's memory, or is kept.
void InferJob::finishAllocated(Scratch& scratch, std::size_t index) {
  TensorBinding& output = outputs_[index];
  EngineValue& value = scratch.allocated[index];
  const Shape shape = value.shape();
  const std::size_t size = denseBytes(shape, output.layout.elementSize);
  const void* const data = value.data();
  const auto foreign = [&](const DenseTensor& other) { return overlap(other, data, size); };
  // An output that is an input is the input's memory, and one value under two names is the same memory twice.
  const bool shared = std::any_of(scratch.denseInputs.begin(), scratch.denseInputs.end(), foreign) ||
                      std::any_of(scratch.denseOutputs.begin(),
                                  scratch.denseOutputs.begin() + static_cast<std::ptrdiff_t>(index), foreign);
  if (!isDeclared(*output.tensor, shape)) {
    noteDeclaration(index, shape);
  } else if (shared) {
    model().history.noteOther(index);
  } else if (size != 0) {
    model().history.noteComputed(index);
  }
  scratch.denseOutputs[index].data = const_cast<void*>(data);
  scratch.denseOutputs[index].size = size;
  const std::string problem = output.given ? closeBinding(output, shape) : "";
  if (output.given && problem.empty()) {
    unpack(output.layout, data, output.data, paddingEnd(output));
    return;
  }
  if (!mayKeep_) {
    throw Error(HB_DNN_RUN_TASK_FAILED,
                "model '" + model().name + "', output '" + output.tensor->name + "': " + problem);
  }
  output.given = false;
  output.layout = layoutOf(*output.tensor, shape);
  results_[index] = shared ? Result(data, size) : Result(std::move(value), size);
}

void InferJob::noteDeclaration(std::size_t index, const Shape& shape) const {
  model().history.noteOther(index);
  if (model().history.reportFirst()) {
    const ModelTensor& tensor = *outputs_[index].tensor;
    log(LogLevel::kWarn, ("model '" + model().name + "', output '" + tensor.name + "' declares the shape " +
                          shapeText(tensor.properties.validShape) + " and came out with " + shapeText(shape) +
                          "; results have their real shape. Export the model with dynamic dimensions to mend it")
                             .c_str());
  }
}

void InferJob::writeKeptOutputs(const Scratch& scratch) const {
  const std::string folder = keptFolder(model().options.keepFolder, model().name, ++model().keptRuns);
  const std::size_t own = outputs_.size() - model().source.keep.size();
  for (std::size_t i = own; i < outputs_.size(); ++i) {
    writeKept(folder, i - own, model().source.keep[i - own], outputs_[i].tensor->properties.tensorType,
              outputs_[i].layout, scratch.denseOutputs[i].data);
  }
}

hbDNNTensorProperties InferJob::outputProperties(std::int32_t index) const {
  if (index < 0 || static_cast<std::size_t>(index) >= outputs_.size()) {
    throw Error(HB_DNN_INVALID_ARGUMENT, "model '" + model().name + "' has no output " + std::to_string(index) +
                                             ": it has " + std::to_string(outputs_.size()));
  }
  const TensorBinding& output = outputs_[static_cast<std::size_t>(index)];
  hbDNNTensorProperties properties = propertiesOf(*output.tensor, output.layout);
  if (output.given && !output.tensor->dynamic) {
    properties.alignedByteSize = output.tensor->properties.alignedByteSize;
  }
  return properties;
}

void InferJob::takeResults(bpusimResult* results, std::int32_t count) {
  if (static_cast<std::size_t>(count) != results_.size()) {
    throw Error(HB_UCP_INVALID_ARGUMENT, "model '" + model().name + "' has " + std::to_string(results_.size()) +
                                             " outputs, " + std::to_string(count) + " results were asked for");
  }
  handOver(results_, results);
}

}  // namespace bpusim
