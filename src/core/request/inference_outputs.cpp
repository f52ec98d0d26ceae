// The outputs of one request: where the driver writes them, and what becomes of them after the run.
#include <algorithm>

#include "core/base/clock.hpp"
#include "core/driver/status.hpp"
#include "core/memory/copy.hpp"
#include "core/model/device_layout.hpp"
#include "core/model/metadata_check.hpp"
#include "core/model/strides.hpp"
#include "core/request/call_check.hpp"
#include "core/request/inference.hpp"
#include "strided.hpp"

namespace hbm {
namespace {

// True if the target's shape is one of those that the output may have.
bool isOpen(const hbDNNTensorShape& declared, const TensorView& target) {
  bool open = declared.numDimensions == target.rank;
  for (std::int32_t i = 0; open && i < target.rank; ++i) {
    const std::int64_t size = declared.dimensionSize[i];
    open = size < 0 || size == target.shape[static_cast<std::size_t>(i)];
  }
  return open;
}

// True if two layouts of a shape put every element at the same place.
bool sameLayout(const hbDNNTensorShape& shape, const std::int64_t* one, const std::int64_t* other) {
  bool same = true;
  bool empty = false;
  for (std::int32_t i = 0; i < shape.numDimensions; ++i) {
    same = same && (shape.dimensionSize[i] <= 1 || one[i] == other[i]);
    empty = empty || shape.dimensionSize[i] == 0;
  }
  return same || empty;
}

}  // namespace

void Inference::prepareOutputs(const std::vector<TensorView>& targets) {
  const std::size_t count = model_.outputProperties.size();
  outputTensors_.resize(count);
  outputs_.resize(count);
  if (!model_.delivers) {
    requireSizes();
  }
  for (std::size_t i = 0; i < count; ++i) {
    outputTensors_[i].properties = model_.outputProperties[i];
    if (!targets.empty()) {
      outputs_[i].target = targets[i];
    }
    prepareOutput(i);
  }
}

void Inference::prepareOutput(std::size_t index) {
  if (useTarget(index)) {
    return;
  }
  hbDNNTensor& tensor = outputTensors_[index];
  if (model_.delivers && extent(tensor.properties) < 0) {
    return;  // the driver finds the memory when it knows the size
  }
  std::shared_ptr<DeviceBlock>& block = outputs_[index].block;
  block = model_.pool(TensorRole::kOutput)
              .lease(requiredBytes(model_, TensorRole::kOutput, index, tensor.properties), model_.info.name,
                     model_.info.outputs[index].name);
  tensor.sysMem = block->memory;
}

// Lets the device write the caller's memory where it can: device memory in a layout that suits the output, and not
// where another tensor of this request lies, to which the result is copied when the device is done.
bool Inference::useTarget(std::size_t index) {
  Output& output = outputs_[index];
  const TensorView& target = output.target;
  std::shared_ptr<DeviceBlock> given = target.rank >= 0 ? findDeviceBlock(target.data) : nullptr;
  if (given == nullptr || !claim(given, target, true, model_.info.outputs[index])) {
    return false;
  }
  const hbDNNTensorProperties& reported = model_.outputProperties[index];
  hbDNNTensor& tensor = outputTensors_[index];
  hbDNNTensorProperties properties = tensor.properties;
  if (model_.delivers && extent(properties) < 0) {
    // The caller says what shape to expect.
    if (!isOpen(reported.validShape, target)) {
      return false;
    }
    properties = completeProperties(model_, TensorRole::kOutput, index, target.shape.data());
  }
  if (extent(properties) < 0 || !windowOf(target, *given, model_.soc, reported, properties, tensor.sysMem)) {
    return false;
  }
  tensor.properties = properties;
  output.block = std::move(given);
  output.inPlace = true;
  return true;
}

// Without delivery the driver has to bound the size of each dynamic output.
void Inference::requireSizes() const {
  for (const TensorInfo& info : model_.info.outputs) {
    if ((info.dynamicShape || info.dynamicStrides) && info.alignedByteSize < 0) {
      throw Error(ErrorKind::kUnsupported,
                  place(model_.info.name, "output", info.name) +
                      ": its size is dynamic and this driver gives neither a size nor an upper bound; compile the "
                      "model with static outputs",
                  {"", 0, "", model_.info.name, info.name});
    }
  }
}

std::vector<DeviceTensor> Inference::collect(std::vector<CopyRecord>* copies) {
  if (model_.delivers) {
    takeKept();
  }
  std::vector<DeviceTensor> tensors;
  tensors.reserve(outputs_.size());
  for (std::size_t i = 0; i < outputs_.size(); ++i) {
    const std::int64_t begin = copies != nullptr ? nowNs() : 0;
    std::int64_t copied = 0;
    tensors.push_back(collectOne(i, copied));
    if (copies != nullptr) {
      copies->push_back({false, i, copied, begin, nowNs()});
    }
  }
  return tensors;
}

// Takes over the memory of the results that the driver has kept.
void Inference::takeKept() {
  const Driver& driver = model_.driver;
  std::vector<bpusimResult> results(outputs_.size());
  check(driver, "takeResults",
        driver.extension->takeResults(results.data(), static_cast<std::int32_t>(results.size()), task_.get(), 0),
        model_.info.name);
  const auto release = driver.extension->releaseResult;
  std::size_t next = 0;
  try {
    while (next < results.size()) {
      const bpusimResult& result = results[next];
      Output& output = outputs_[next++];
      if (result.owner != nullptr) {
        output.block = model_.pool(TensorRole::kOutput).adopt(result.data, result.size, release, result.owner);
        output.inPlace = false;
        output.kept = true;
      }
    }
  } catch (...) {
    std::for_each(results.begin() + static_cast<std::ptrdiff_t>(next), results.end(),
                  [release](const bpusimResult& result) { release(result.owner); });
    throw;
  }
}

// As they are after the run, of an output whose properties were not known before.
hbDNNTensorProperties Inference::resultProperties(std::size_t index) const {
  const TensorInfo& info = model_.info.outputs[index];
  const Output& output = outputs_[index];
  hbDNNTensorProperties properties = outputTensors_[index].properties;
  const Driver& driver = model_.driver;
  if (output.block == nullptr) {
    throw Error(ErrorKind::kDriver,
                place(model_.info.name, "output", info.name) + ": the driver has neither memory for it nor a result",
                {"takeResults", 0, "", model_.info.name, info.name});
  }
  constexpr const char* kFunction = "hbDNNGetTaskOutputTensorProperties";
  check(driver, kFunction,
        driver.hbDNNGetTaskOutputTensorProperties(&properties, task_.get(), 0, static_cast<std::int32_t>(index)),
        model_.info.name, info.name);
  checkProperties(properties, model_.info.name, "output", info.name);
  hbDNNTensorProperties written = properties;
  if (output.kept) {
    strided::fillDense(properties.validShape.dimensionSize, written.stride, properties.validShape.numDimensions,
                       static_cast<std::int64_t>(elementSize(info.dtype)));
  }
  const std::uint64_t size = output.kept ? output.block->memory.memSize : outputTensors_[index].sysMem.memSize;
  if (extent(written) < 0 || static_cast<std::uint64_t>(extent(written)) > size) {
    throw Error(ErrorKind::kDriver,
                place(model_.info.name, "output", info.name) +
                    ": the driver reports a result that is larger than its memory, " + std::to_string(size) + " bytes",
                {kFunction, 0, "", model_.info.name, info.name});
  }
  return properties;
}

DeviceTensor Inference::collectOne(std::size_t index, std::int64_t& copied) const {
  const Driver& driver = model_.driver;
  if (!outputs_[index].kept) {
    const hbUCPSysMem& memory = outputTensors_[index].sysMem;
    check(driver, "hbUCPMemFlush", driver.hbUCPMemFlush(&memory, HB_SYS_MEM_CACHE_INVALIDATE), model_.info.name,
          model_.info.outputs[index].name);
  }
  const TensorInfo& info = model_.info.outputs[index];
  const bool known = !outputs_[index].kept && !info.dynamicShape && !info.dynamicStrides;
  return known ? deliver(index, outputTensors_[index].properties, copied)
               : deliver(index, resultProperties(index), copied);
}

DeviceTensor Inference::deliver(std::size_t index, const hbDNNTensorProperties& properties,
                                std::int64_t& copied) const {
  const Output& output = outputs_[index];
  const TensorInfo& info = model_.info.outputs[index];
  const hbDNNTensorShape& shape = properties.validShape;
  DeviceTensor tensor;
  tensor.dtype = static_cast<DataType>(properties.tensorType);
  tensor.shape.assign(shape.dimensionSize, shape.dimensionSize + shape.numDimensions);
  tensor.strides.assign(properties.stride, properties.stride + shape.numDimensions);
  tensor.data = output.block->memory.virAddr;
  tensor.owner = output.block;
  Strides written{};
  std::copy(tensor.strides.begin(), tensor.strides.end(), written.begin());
  if (output.kept) {
    strided::fillDense(shape.dimensionSize, written.data(), shape.numDimensions,
                       static_cast<std::int64_t>(elementSize(tensor.dtype)));
  }
  if (goesToTarget(index, shape)) {
    toTarget(index, written, tensor, copied);
  } else if (!sameLayout(shape, written.data(), tensor.strides.data())) {
    // The device's rows are padded.
    const std::int64_t bytes = requiredBytes(model_, TensorRole::kOutput, index, properties);
    const std::shared_ptr<DeviceBlock> block =
        model_.pool(TensorRole::kOutput).lease(roomFor(bytes), model_.info.name, info.name);
    const auto element = static_cast<std::int64_t>(elementSize(tensor.dtype));
    tensor.data = block->memory.virAddr;
    tensor.owner = block;
    zeroPadding(tensor.data, bytes, tensor.strides.data(), tensor.shape.data(), shape.numDimensions, element);
    copyElements(tensor.data, tensor.strides.data(), output.block->memory.virAddr, written.data(), tensor.shape.data(),
                 shape.numDimensions, element);
    copied = denseBytes(viewOf(tensor));
  }
  return tensor;
}

bool Inference::goesToTarget(std::size_t index, const hbDNNTensorShape& shape) const {
  const TensorView& target = outputs_[index].target;
  return target.rank >= 0 &&
         (targets_ == Targets::kExact ||
          (target.rank == shape.numDimensions &&
           std::equal(target.shape.begin(), target.shape.begin() + target.rank, shape.dimensionSize)));
}

// The result is in the caller's memory, or is copied there.
void Inference::toTarget(std::size_t index, const Strides& written, DeviceTensor& tensor, std::int64_t& copied) const {
  const Output& output = outputs_[index];
  const TensorInfo& info = model_.info.outputs[index];
  const TensorView& target = output.target;
  const auto rank = static_cast<std::size_t>(target.rank);
  if (tensor.shape.size() != rank || !std::equal(tensor.shape.begin(), tensor.shape.end(), target.shape.begin())) {
    throw Error(ErrorKind::kShape,
                place(model_.info.name, "output", info.name) + ": the result has shape " +
                    describeShape(tensor.shape.data(), tensor.shape.size()) + ", the array given for it " +
                    describeShape(target.shape.data(), rank),
                {"", 0, "", model_.info.name, info.name});
  }
  tensor.strides.assign(target.strides.begin(), target.strides.begin() + target.rank);
  tensor.data = const_cast<void*>(target.data);
  if (!output.inPlace) {
    copyElements(tensor.data, target.strides.data(), output.block->memory.virAddr, written.data(), target.shape.data(),
                 target.rank, static_cast<std::int64_t>(elementSize(tensor.dtype)));
    tensor.owner.reset();
    copied = denseBytes(target);
    return;
  }
  for (std::size_t i = 0; i < rank; ++i) {
    if (tensor.shape[i] > 1 && written[i] != target.strides[i]) {
      throw Error(ErrorKind::kDriver,
                  place(model_.info.name, "output", info.name) +
                      ": the driver wrote it with other strides than it had reported",
                  {"hbDNNGetTaskOutputTensorProperties", 0, "", model_.info.name, info.name});
    }
  }
}

}  // namespace hbm
