#include "core/inference.hpp"

#include <array>

#include "core/copy.hpp"
#include "core/status.hpp"
#include "core/strides.hpp"

namespace hbm {
namespace {

[[noreturn]] void refuseSize(const Model& model, const char* role, const std::string& tensor) {
  throw Error(ErrorKind::kInput, place(model.info.name, role, tensor) + ": the tensor would not fit into memory",
              {"", 0, "", model.info.name, tensor});
}

OutputTensor describeOutput(const hbDNNTensorProperties& properties, const std::shared_ptr<hbUCPSysMem>& memory) {
  OutputTensor output;
  const std::int32_t rank = properties.validShape.numDimensions;
  output.data = memory->virAddr;
  output.dtype = static_cast<DataType>(properties.tensorType);
  output.shape.assign(properties.validShape.dimensionSize, properties.validShape.dimensionSize + rank);
  output.strides.assign(properties.stride, properties.stride + rank);
  output.owner = memory;
  return output;
}

}  // namespace

void Inference::prepare(const std::vector<TensorView>& inputs) {
  inputs_.resize(inputs.size());
  inputMemory_.resize(inputs.size());
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    prepareInput(i, inputs[i]);
  }
  prepareOutputs();
}

void Inference::prepareInput(std::size_t index, const TensorView& view) {
  const std::string& name = model_.info.inputs[index].name;
  hbDNNTensor& tensor = inputs_[index];
  hbDNNTensorProperties& properties = tensor.properties;
  properties = model_.inputProperties[index];
  for (std::int32_t i = 0; i < view.rank; ++i) {
    const std::int64_t size = view.shape[static_cast<std::size_t>(i)];
    properties.validShape.dimensionSize[i] = static_cast<std::int32_t>(size);
    if (properties.validShape.dimensionSize[i] != size) {
      refuseSize(model_, "input", name);
    }
  }
  if (!fillStrides(properties, model_.soc.strideAlignment)) {
    throw Error(ErrorKind::kUnsupported,
                place(model_.info.name, "input", name) +
                    ": its strides cannot be completed: the innermost one is dynamic, or they are too large",
                {"", 0, "", model_.info.name, name});
  }
  const std::int64_t size = byteSize(properties);
  if (size < 0) {
    refuseSize(model_, "input", name);
  }
  inputMemory_[index] = model_.pool->lease(size);
  tensor.sysMem = *inputMemory_[index];

  const auto element = static_cast<std::int64_t>(elementSize(view.dtype));
  zeroPadding(tensor.sysMem.virAddr, static_cast<std::int64_t>(tensor.sysMem.memSize), properties.stride,
              view.shape.data(), view.rank, element);
  copyElements(tensor.sysMem.virAddr, properties.stride, view.data, view.strides.data(), view.shape.data(), view.rank,
               element);
  check(model_.driver, "hbUCPMemFlush", model_.driver.hbUCPMemFlush(&tensor.sysMem, HB_SYS_MEM_CACHE_CLEAN),
        model_.info.name, name);
}

void Inference::prepareOutputs() {
  const std::size_t count = model_.outputProperties.size();
  outputs_.resize(count);
  outputMemory_.resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    outputs_[i].properties = model_.outputProperties[i];
  }
  if (model_.dynamicOutputs) {
    inferOutputs();
  }
  for (std::size_t i = 0; i < count; ++i) {
    const std::int64_t size = byteSize(outputs_[i].properties);
    if (size < 0) {
      refuseSize(model_, "output", model_.info.outputs[i].name);
    }
    outputMemory_[i] = model_.pool->lease(size);
    outputs_[i].sysMem = *outputMemory_[i];
  }
}

// Sizes of dynamic outputs: the driver's upper bound where it gives one for each, else what the extension says.
void Inference::inferOutputs() {
  bool bounded = true;
  std::size_t unknown = 0;
  for (std::size_t i = outputs_.size(); i-- > 0;) {
    const TensorInfo& info = model_.info.outputs[i];
    if ((info.dynamicShape || info.dynamicStrides) && info.alignedByteSize < 0) {
      bounded = false;
      unknown = i;
    }
  }
  if (bounded) {
    return;
  }
  const std::string& name = model_.info.outputs[unknown].name;
  const auto infer = model_.driver.extensionFunction(&bpusimInterface::inferOutputProperties);
  if (infer == nullptr) {
    throw Error(ErrorKind::kUnsupported,
                place(model_.info.name, "output", name) +
                    ": its size is dynamic and this driver gives neither a size nor an upper bound; compile the model "
                    "with static outputs",
                {"", 0, "", model_.info.name, name});
  }
  std::vector<hbDNNTensorProperties> properties(outputs_.size());
  check(model_.driver, "inferOutputProperties", infer(properties.data(), inputs_.data(), 1, model_.handle),
        model_.info.name, name);
  for (std::size_t i = 0; i < outputs_.size(); ++i) {
    outputs_[i].properties = properties[i];
  }
}

Inference::Submission Inference::submit(const hbUCPSchedParam& sched, hbUCPTaskDoneCb callback, void* userdata,
                                        bool* hasCallback) {
  const Driver& driver = model_.driver;
  const std::string& name = model_.info.name;
  hbUCPTaskHandle_t handle = nullptr;
  const std::int32_t status = driver.hbDNNInferV2(&handle, outputs_.data(), inputs_.data(), model_.handle);
  // Drivers were seen to report a full pool by a status, and by success without a handle.
  if (status == HB_UCP_TASK_NUMBER_EXCEED_LIMIT || (status == 0 && handle == nullptr)) {
    return Submission::kPoolFull;
  }
  check(driver, "hbDNNInferV2", status, name);
  Task task(driver, handle);
  if (callback != nullptr) {
    *hasCallback = driver.hbUCPSetTaskDoneCb != nullptr && driver.hbUCPSetTaskDoneCb(handle, callback, userdata) == 0;
  }
  hbUCPSchedParam param = sched;
  task_ = std::move(task);
  const std::int32_t submitted = driver.hbUCPSubmitTask(handle, &param);
  if (submitted != 0) {
    const Error error = driverError(driver, "hbUCPSubmitTask", submitted, name);
    task_.reset();
    throw error;
  }
  return Submission::kSubmitted;
}

std::int32_t Inference::wait(std::int32_t milliseconds) const {
  return model_.driver.hbUCPWaitTaskDone(task_.get(), milliseconds);
}

std::vector<OutputTensor> Inference::collect() {
  const Driver& driver = model_.driver;
  std::vector<OutputTensor> outputs;
  outputs.reserve(outputs_.size());
  for (std::size_t i = 0; i < outputs_.size(); ++i) {
    const TensorInfo& info = model_.info.outputs[i];
    check(driver, "hbUCPMemFlush", driver.hbUCPMemFlush(&outputs_[i].sysMem, HB_SYS_MEM_CACHE_INVALIDATE),
          model_.info.name, info.name);
    hbDNNTensorProperties properties = outputs_[i].properties;
    if (info.dynamicShape || info.dynamicStrides) {
      check(driver, "hbDNNGetTaskOutputTensorProperties",
            driver.hbDNNGetTaskOutputTensorProperties(&properties, task_.get(), 0, static_cast<std::int32_t>(i)),
            model_.info.name, info.name);
    }
    outputs.push_back(describeOutput(properties, outputMemory_[i]));
  }
  return outputs;
}

void Inference::release() noexcept {
  task_.reset();
  inputMemory_.clear();
  outputMemory_.clear();
}

void Inference::leak() noexcept {
  static_cast<void>(task_.release());
  for (auto* memory : {&inputMemory_, &outputMemory_}) {
    static_cast<void>(std::make_unique<std::vector<std::shared_ptr<hbUCPSysMem>>>(std::move(*memory)).release());
    memory->clear();
  }
}

}  // namespace hbm
