// What a runtime can tell about its models besides their description, and memory for their tensors.
#include <algorithm>

#include "core/driver/status.hpp"
#include "core/model/device_layout.hpp"
#include "core/model/shape_inference.hpp"
#include "core/model/strides.hpp"
#include "core/runtime_impl.hpp"

namespace hbm {
namespace {

const TensorInfo& tensorOf(const ModelInfo& model, TensorRole role, std::size_t index) {
  const bool input = role == TensorRole::kInput;
  const std::vector<TensorInfo>& tensors = input ? model.inputs : model.outputs;
  if (index >= tensors.size()) {
    throw Error(ErrorKind::kInput,
                place(model.name) + ": there is no " + (input ? "input " : "output ") + std::to_string(index) +
                    "; it has " + std::to_string(tensors.size()),
                {"", 0, "", model.name, ""});
  }
  return tensors[index];
}

bool isComplete(const std::vector<std::int64_t>& shape) {
  return shape.size() <= static_cast<std::size_t>(kMaxDimensions) &&
         std::all_of(shape.begin(), shape.end(), [](std::int64_t size) { return size >= 0; });
}

// A function of the driver extension that `what` needs. Throws Error (kUnsupported).
template <class Member>
Member require(const Model& model, Member bpusimInterface::* member, const char* what) {
  const Member function = model.driver.extensionFunction(member);
  if (function == nullptr) {
    throw Error(ErrorKind::kUnsupported, place(model.info.name) + ": this driver cannot tell " + what,
                {"", 0, "", model.info.name, ""});
  }
  return function;
}

}  // namespace

DeviceTensor Runtime::allocate(std::size_t model, TensorRole role, std::size_t tensor,
                               const std::vector<std::int64_t>& shape) const {
  const Model& owner = *impl_->at(model);
  const TensorInfo& info = tensorOf(owner.info, role, tensor);
  requireKnownType(owner.info, role == TensorRole::kInput ? "input" : "output", info);
  std::vector<std::int64_t> complete = shape.empty() ? info.shape : shape;
  bool fits = complete.size() == info.shape.size();
  for (std::size_t i = 0; fits && i < complete.size(); ++i) {
    fits = complete[i] >= 0 && (info.shape[i] < 0 || info.shape[i] == complete[i]);
  }
  if (!fits && !(owner.delivers && role == TensorRole::kOutput && isComplete(complete))) {
    throw Error(ErrorKind::kShape,
                place(owner.info.name, "tensor", info.name) + ": memory of shape " +
                    describeShape(complete.data(), complete.size()) + " was asked for, the model has " +
                    describeShape(info.shape.data(), info.shape.size()) + "; every dimension must be given",
                {"", 0, "", owner.info.name, info.name});
  }
  const hbDNNTensorProperties properties =
      fits ? completeProperties(owner, role, tensor, complete.data()) : otherProperties(owner, role, tensor, complete);
  const std::shared_ptr<DeviceBlock> block =
      owner.pool(role).leaseForCaller(requiredBytes(owner, role, tensor, properties), owner.info.name, info.name);
  const auto rank = static_cast<std::ptrdiff_t>(complete.size());
  return {block->memory.virAddr, info.dtype, std::move(complete),
          std::vector<std::int64_t>(properties.stride, properties.stride + rank), block};
}

std::vector<std::vector<std::int64_t>> Runtime::inferShapes(
    std::size_t model, const std::vector<std::vector<std::int64_t>>& inputShapes) const {
  const Model& owner = *impl_->at(model);
  Call call;
  for (std::size_t i = 0; i < inputShapes.size(); ++i) {
    TensorView& view = call.inputs.emplace_back();
    view.dtype = i < owner.info.inputs.size() ? owner.info.inputs[i].dtype : DataType::kMax;
    view.rank = static_cast<std::int32_t>(inputShapes[i].size());
    std::copy_n(inputShapes[i].begin(), std::min(inputShapes[i].size(), view.shape.size()), view.shape.begin());
  }
  checkTensors(owner, call, Targets::kExact);
  for (std::size_t i = 0; i < inputShapes.size(); ++i) {
    if (std::any_of(inputShapes[i].begin(), inputShapes[i].end(), [](std::int64_t size) { return size < 0; })) {
      const TensorInfo& info = owner.info.inputs[i];
      throw Error(ErrorKind::kInput,
                  place(owner.info.name, "input", info.name) + ": give every dimension of " +
                      describeShape(info.shape.data(), info.shape.size()) + ", given " +
                      describeShape(inputShapes[i].data(), inputShapes[i].size()),
                  {"", 0, "", owner.info.name, info.name});
    }
  }
  std::vector<hbDNNTensorProperties> outputs = owner.outputProperties;
  const auto& inputs = owner.info.inputs;
  const bool varies = std::any_of(inputs.begin(), inputs.end(), [](const auto& input) { return input.dynamicShape; });
  if (owner.dynamicOutputs || (owner.delivers && varies)) {
    outputs = inferOutputs(owner, call.inputs, true);
  }
  std::vector<std::vector<std::int64_t>> shapes;
  for (const hbDNNTensorProperties& output : outputs) {
    const hbDNNTensorShape& shape = output.validShape;
    if (shape.numDimensions < 0) {
      throw Error(ErrorKind::kUnsupported,
                  place(owner.info.name) + ": its output shapes depend on the data; run it to know them",
                  {"inferOutputProperties", HB_UCP_OP_CMD_UNAVAILABLE, statusName(HB_UCP_OP_CMD_UNAVAILABLE),
                   owner.info.name, ""});
    }
    shapes.emplace_back(shape.dimensionSize, shape.dimensionSize + shape.numDimensions);
  }
  return shapes;
}

std::vector<std::string> Runtime::dimensionNames(std::size_t model, TensorRole role, std::size_t tensor) const {
  const Model& owner = *impl_->at(model);
  const TensorInfo& info = tensorOf(owner.info, role, tensor);
  std::vector<std::string> names(info.shape.size());
  const auto symbol = owner.driver.extensionFunction(&bpusimInterface::symbolicDimension);
  for (std::size_t i = 0; symbol != nullptr && i < names.size(); ++i) {
    const char* name = symbol(owner.handle, role == TensorRole::kOutput ? 1 : 0, static_cast<std::int32_t>(tensor),
                              static_cast<std::int32_t>(i));
    names[i] = name != nullptr ? name : "";
  }
  return names;
}

std::int64_t Runtime::strideAlignment(std::size_t model) const { return impl_->at(model)->soc.strideAlignment; }

MemoryUsage Runtime::memoryUsage(std::size_t model) const {
  const Model& owner = *impl_->at(model);
  const MemoryUsage inputs = owner.pool(TensorRole::kInput).usage();
  const MemoryUsage outputs = owner.pool(TensorRole::kOutput).usage();
  return {inputs.usedBytes + outputs.usedBytes, inputs.freeBytes + outputs.freeBytes};
}

RequestCounts Runtime::requestCounts(std::size_t model) const { return impl_->at(model)->counters->counts(); }

std::vector<Operation> Runtime::operations(std::size_t model) const {
  const Model& owner = *impl_->at(model);
  const auto get = require(owner, &bpusimInterface::getOperations, "a model's operations");
  const bpusimOperation* list = nullptr;
  std::int32_t count = 0;
  check(owner.driver, "getOperations", get(&list, &count, owner.handle), owner.info.name);
  std::vector<Operation> operations;
  for (std::int32_t i = 0; i < count; ++i) {
    operations.push_back({list[i].name, list[i].type});
  }
  return operations;
}

ModelEngine Runtime::engine(std::size_t model) const {
  const Model& owner = *impl_->at(model);
  const auto get = owner.driver.extensionFunction(&bpusimInterface::getEngine);
  if (get == nullptr) {
    return {};
  }
  const char* name = nullptr;
  const char* reason = nullptr;
  check(owner.driver, "getEngine", get(&name, &reason, owner.handle), owner.info.name);
  return {name, reason};
}

std::vector<OperationTime> Runtime::takeOperationTimes(std::size_t model) const {
  const Model& owner = *impl_->at(model);
  const auto get = require(owner, &bpusimInterface::operatorTimes, "times of single operations");
  const bpusimOperatorTime* list = nullptr;
  std::int32_t count = 0;
  check(owner.driver, "operatorTimes", get(&list, &count, owner.handle), owner.info.name);
  std::vector<OperationTime> times;
  for (std::int32_t i = 0; i < count; ++i) {
    times.push_back({{list[i].name, list[i].type}, list[i].beginNs, list[i].durationNs, list[i].thread});
  }
  return times;
}

}  // namespace hbm
