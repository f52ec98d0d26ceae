#include "core/request/inference.hpp"

#include <algorithm>

#include "core/base/clock.hpp"
#include "core/driver/status.hpp"
#include "core/memory/copy.hpp"
#include "core/model/device_layout.hpp"
#include "core/model/shape_inference.hpp"

namespace hbm {

void Inference::prepare(const Call& call, std::vector<CopyRecord>* copies) {
  const std::size_t count = call.inputs.size();
  inputTensors_.resize(count);
  inputBlocks_.reserve(count + model_.outputProperties.size());
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
    static_cast<void>(claim(block, view, false, model_.info.inputs[index]));
    if (!windowOf(view, *block, model_.soc, model_.inputProperties[index], properties, tensor.sysMem)) {
      block = nullptr;
    }
  }
  if (block == nullptr) {
    const std::int64_t bytes = requiredBytes(model_, TensorRole::kInput, index, properties);
    block = model_.pool(TensorRole::kInput)
                .lease(model_.info.inputs[index].dynamicShape ? roomFor(bytes) : bytes, model_.info.name,
                       model_.info.inputs[index].name);
    tensor.sysMem = block->memory;
    const auto element = static_cast<std::int64_t>(elementSize(view.dtype));
    zeroPadding(tensor.sysMem.virAddr, bytes, properties.stride, view.shape.data(), view.rank, element);
    copyElements(tensor.sysMem.virAddr, properties.stride, view.data, view.strides.data(), view.shape.data(), view.rank,
                 element);
    copied = denseBytes(view);
  }
  check(model_.driver, "hbUCPMemFlush", model_.driver.hbUCPMemFlush(&tensor.sysMem, HB_SYS_MEM_CACHE_CLEAN),
        model_.info.name, model_.info.inputs[index].name);
  return copied;
}

bool Inference::claim(const std::shared_ptr<DeviceBlock>& block, const TensorView& view, bool writes,
                      const TensorInfo& info) {
  claimed_.push_back(block);
  const auto [begin, end] = spanOf(view, *block);
  const MemoryUses::Answer answer = block->uses.claim(this, begin, end, writes);
  if (answer == MemoryUses::Answer::kInUse) {
    throw Error(ErrorKind::kState,
                place(model_.info.name, writes ? "output" : "input", info.name) + ": a request in flight " +
                    (writes ? "uses" : "writes") + " the same memory; wait for it, or give each request its own",
                {"", 0, "", model_.info.name, info.name});
  }
  return answer == MemoryUses::Answer::kFree;
}

void Inference::releaseClaims() noexcept {
  for (const auto& block : claimed_) {
    block->uses.release(this);
  }
  claimed_.clear();
}

Inference::Submission Inference::submit(const hbUCPSchedParam& sched, hbUCPTaskDoneCb callback, void* userdata,
                                        bool* hasCallback, bool here) {
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
  const auto submitHere = here ? driver.extensionFunction(&bpusimInterface::submitHere) : nullptr;
  const std::int32_t submitted =
      submitHere != nullptr ? submitHere(handle, &param) : driver.hbUCPSubmitTask(handle, &param);
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

Error Inference::failure(Error error) const {
  const auto& infos = model_.info.inputs;
  if (!model_.delivers ||
      std::none_of(infos.begin(), infos.end(), [](const TensorInfo& input) { return input.dynamicShape; })) {
    return error;
  }
  try {
    static_cast<void>(inferOutputs(model_, inputTensors_, true));
  } catch (const Error& refusal) {
    if (refusal.kind() == ErrorKind::kShape) {
      return refusal;
    }
  }
  return error;
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

void Inference::release() noexcept {
  task_.reset();
  releaseClaims();
  inputBlocks_.clear();
  for (Output& output : outputs_) {
    output.inPlace = false;
    output.kept = false;
    output.block.reset();
  }
}

void Inference::leak() noexcept {
  static_cast<void>(task_.release());
  for (Output& output : outputs_) {
    inputBlocks_.push_back(std::move(output.block));  // prepare() has reserved their places
    output.inPlace = false;
  }
  claimed_.clear();  // without releasing: it stays in use
  // Moved into an object that is never destroyed, which needs no memory.
  union Forever {
    explicit Forever(std::vector<std::shared_ptr<DeviceBlock>>&& theBlocks) noexcept : blocks(std::move(theBlocks)) {}
    ~Forever() {}  // NOLINT(modernize-use-equals-default): it would be deleted
    std::vector<std::shared_ptr<DeviceBlock>> blocks;
  };
  const Forever kept(std::move(inputBlocks_));
  inputBlocks_.clear();
}

}  // namespace hbm
