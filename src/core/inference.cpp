#include "core/inference.hpp"

#include <algorithm>

#include "core/call_check.hpp"
#include "core/clock.hpp"
#include "core/copy.hpp"
#include "core/device_layout.hpp"
#include "core/metadata_check.hpp"
#include "core/status.hpp"
#include "core/strides.hpp"

namespace hbm {
namespace {

std::int64_t denseBytes(const TensorView& view) {
  auto bytes = static_cast<std::int64_t>(elementSize(view.dtype));
  for (std::int32_t i = 0; i < view.rank; ++i) {
    bytes *= view.shape[static_cast<std::size_t>(i)];
  }
  return bytes;
}

}  // namespace

void Inference::prepare(const Call& call, std::vector<CopyRecord>* copies) {
  const std::size_t count = call.inputs.size();
  inputTensors_.resize(count);
  inputBlocks_.resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    const std::int64_t begin = copies != nullptr ? nowNs() : 0;
    const std::int64_t bytes = prepareInput(i, call.inputs[i]);
    if (copies != nullptr) {
      copies->push_back({true, i, bytes, begin, nowNs()});
    }
  }
  prepareOutputs(call.outputs);
}

std::int64_t Inference::prepareInput(std::size_t index, const TensorView& view) {
  hbDNNTensor& tensor = inputTensors_[index];
  hbDNNTensorProperties& properties = tensor.properties;
  properties = completeProperties(model_, TensorRole::kInput, index, view.shape.data());
  std::shared_ptr<DeviceBlock>& block = inputBlocks_[index];
  std::int64_t copied = 0;
  block = findDeviceBlock(view.data);
  if (block != nullptr) {
    static_cast<void>(enter(block, view, false, model_.info.inputs[index]));
    if (!windowOf(view, *block, model_.soc, model_.inputProperties[index], properties, tensor.sysMem)) {
      block = nullptr;
    }
  }
  if (block == nullptr) {
    block = model_.pool(TensorRole::kInput)
                .lease(requiredBytes(model_, TensorRole::kInput, index, properties), model_.info.name,
                       model_.info.inputs[index].name);
    tensor.sysMem = block->memory;
    const auto element = static_cast<std::int64_t>(elementSize(view.dtype));
    zeroPadding(tensor.sysMem.virAddr, static_cast<std::int64_t>(tensor.sysMem.memSize), properties.stride,
                view.shape.data(), view.rank, element);
    copyElements(tensor.sysMem.virAddr, properties.stride, view.data, view.strides.data(), view.shape.data(), view.rank,
                 element);
    copied = denseBytes(view);
  }
  check(model_.driver, "hbUCPMemFlush", model_.driver.hbUCPMemFlush(&tensor.sysMem, HB_SYS_MEM_CACHE_CLEAN),
        model_.info.name, model_.info.inputs[index].name);
  return copied;
}

void Inference::prepareOutputs(const std::vector<TensorView>& targets) {
  const std::size_t count = model_.outputProperties.size();
  outputTensors_.resize(count);
  outputs_.resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    outputTensors_[i].properties = model_.outputProperties[i];
    if (!targets.empty()) {
      outputs_[i].target = targets[i];
    }
  }
  if (model_.dynamicOutputs) {
    inferOutputs();
  }
  for (std::size_t i = 0; i < count; ++i) {
    prepareOutput(i);
  }
}

void Inference::prepareOutput(std::size_t index) {
  hbDNNTensor& tensor = outputTensors_[index];
  Output& output = outputs_[index];
  std::shared_ptr<DeviceBlock> given = output.target.rank >= 0 ? findDeviceBlock(output.target.data) : nullptr;
  // Not in place where another tensor of this request lies: the result is copied there when the device is done.
  if (given != nullptr && enter(given, output.target, true, model_.info.outputs[index]) &&
      extent(tensor.properties) >= 0 &&
      windowOf(output.target, *given, model_.soc, model_.outputProperties[index], tensor.properties, tensor.sysMem)) {
    output.block = std::move(given);
    output.inPlace = true;
    return;
  }
  output.block = model_.pool(TensorRole::kOutput)
                     .lease(requiredBytes(model_, TensorRole::kOutput, index, tensor.properties), model_.info.name,
                            model_.info.outputs[index].name);
  tensor.sysMem = output.block->memory;
}

bool Inference::enter(const std::shared_ptr<DeviceBlock>& block, const TensorView& view, bool writes,
                      const TensorInfo& info) {
  entered_.push_back(block);
  const auto [begin, end] = spanOf(view, *block);
  const MemoryUses::Answer answer = block->uses.enter(this, begin, end, writes);
  if (answer == MemoryUses::Answer::kInUse) {
    throw Error(ErrorKind::kState,
                place(model_.info.name, writes ? "output" : "input", info.name) + ": a request in flight " +
                    (writes ? "uses" : "writes") + " the same memory; wait for it, or give each request its own",
                {"", 0, "", model_.info.name, info.name});
  }
  return answer == MemoryUses::Answer::kFree;
}

void Inference::leaveAll() noexcept {
  for (const auto& block : entered_) {
    block->uses.leave(this);
  }
  entered_.clear();
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
  const std::int32_t status = infer(properties.data(), inputTensors_.data(), 1, model_.handle);
  if (status != 0) {
    throw inferenceError(model_.driver, status, model_.info.name, name);
  }
  for (std::size_t i = 0; i < outputs_.size(); ++i) {
    outputTensors_[i].properties = properties[i];
  }
}

Inference::Submission Inference::submit(const hbUCPSchedParam& sched, hbUCPTaskDoneCb callback, void* userdata,
                                        bool* hasCallback) {
  const Driver& driver = model_.driver;
  const std::string& name = model_.info.name;
  hbUCPTaskHandle_t handle = nullptr;
  const std::int32_t status = driver.hbDNNInferV2(&handle, outputTensors_.data(), inputTensors_.data(), model_.handle);
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

std::vector<DeviceTensor> Inference::collect(std::vector<CopyRecord>* copies) {
  std::vector<DeviceTensor> tensors;
  tensors.reserve(outputs_.size());
  for (std::size_t i = 0; i < outputs_.size(); ++i) {
    const std::int64_t begin = copies != nullptr ? nowNs() : 0;
    tensors.push_back(collectOne(i));
    if (copies != nullptr) {
      const TensorView& target = outputs_[i].target;
      const bool copied = target.rank >= 0 && !outputs_[i].inPlace;
      copies->push_back({false, i, copied ? denseBytes(target) : 0, begin, nowNs()});
    }
  }
  return tensors;
}

DeviceTensor Inference::collectOne(std::size_t index) const {
  const Driver& driver = model_.driver;
  const TensorInfo& info = model_.info.outputs[index];
  const hbDNNTensor& tensor = outputTensors_[index];
  check(driver, "hbUCPMemFlush", driver.hbUCPMemFlush(&tensor.sysMem, HB_SYS_MEM_CACHE_INVALIDATE), model_.info.name,
        info.name);
  hbDNNTensorProperties properties = tensor.properties;
  if (info.dynamicShape || info.dynamicStrides) {
    check(driver, "hbDNNGetTaskOutputTensorProperties",
          driver.hbDNNGetTaskOutputTensorProperties(&properties, task_.get(), 0, static_cast<std::int32_t>(index)),
          model_.info.name, info.name);
    checkProperties(properties, model_.info.name, "output", info.name);
    const std::int64_t used = extent(properties);
    if (used < 0 || static_cast<std::uint64_t>(used) > tensor.sysMem.memSize) {
      throw Error(ErrorKind::kDriver,
                  place(model_.info.name, "output", info.name) +
                      ": the driver reports a result that is larger than the memory it was given, " +
                      std::to_string(tensor.sysMem.memSize) + " bytes",
                  {"hbDNNGetTaskOutputTensorProperties", 0, "", model_.info.name, info.name});
    }
  }
  return deliver(outputs_[index], properties, info);
}

void Inference::noteDeviceTimes(RequestTrace& trace) const noexcept {
  bpusimTaskTimes times{};
  const auto get = model_.driver.extensionFunction(&bpusimInterface::taskTimes);
  if (get != nullptr && get(&times, task_.get()) == 0) {
    trace.deviceBeginNs = times.beginNs;
    trace.deviceEndNs = times.endNs;
    trace.deviceThread = times.thread;
    trace.core = times.core;
  }
}

DeviceTensor Inference::deliver(const Output& output, const hbDNNTensorProperties& properties,
                                const TensorInfo& info) const {
  DeviceTensor tensor;
  const hbDNNTensorShape& shape = properties.validShape;
  tensor.dtype = static_cast<DataType>(properties.tensorType);
  tensor.shape.assign(shape.dimensionSize, shape.dimensionSize + shape.numDimensions);
  tensor.strides.assign(properties.stride, properties.stride + shape.numDimensions);
  if (output.target.rank < 0) {
    tensor.data = output.block->memory.virAddr;
    tensor.owner = output.block;
    return tensor;
  }
  const TensorView& target = output.target;
  if (!std::equal(tensor.shape.begin(), tensor.shape.end(), target.shape.begin())) {
    throw Error(ErrorKind::kShape,
                place(model_.info.name, "output", info.name) + ": the result has shape " +
                    describeShape(tensor.shape.data(), tensor.shape.size()) + ", the array given for it " +
                    describeShape(target.shape.data(), static_cast<std::size_t>(target.rank)),
                {"", 0, "", model_.info.name, info.name});
  }
  tensor.data = const_cast<void*>(target.data);
  if (output.inPlace) {
    for (std::size_t i = 0; i < tensor.shape.size(); ++i) {
      if (tensor.shape[i] > 1 && tensor.strides[i] != target.strides[i]) {
        throw Error(
            ErrorKind::kDriver,
            place(model_.info.name, "output", info.name) + ": the driver wrote it with other strides than it had told",
            {"hbDNNGetTaskOutputTensorProperties", 0, "", model_.info.name, info.name});
      }
    }
    tensor.owner = output.block;
  } else {
    copyElements(tensor.data, target.strides.data(), output.block->memory.virAddr, properties.stride,
                 target.shape.data(), target.rank, static_cast<std::int64_t>(elementSize(tensor.dtype)));
  }
  tensor.strides.assign(target.strides.begin(), target.strides.begin() + target.rank);
  return tensor;
}

void Inference::release() noexcept {
  task_.reset();
  leaveAll();
  inputBlocks_.clear();
  for (Output& output : outputs_) {
    output.inPlace = false;
    output.block.reset();
  }
}

void Inference::leak() noexcept {
  static_cast<void>(task_.release());
  for (Output& output : outputs_) {
    inputBlocks_.push_back(std::move(output.block));
    output.inPlace = false;
  }
  entered_.clear();  // without leaving: it stays in use
  static_cast<void>(std::make_unique<std::vector<std::shared_ptr<DeviceBlock>>>(std::move(inputBlocks_)).release());
  inputBlocks_.clear();
}

}  // namespace hbm
