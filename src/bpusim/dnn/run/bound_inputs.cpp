#include "dnn/run/bound_inputs.hpp"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <numeric>
#include <utility>

#include "dnn/base/error.hpp"

namespace bpusim {

void requireArray(const void* array, std::size_t count, const char* what, const std::string& model) {
  if (array == nullptr && count != 0) {
    throw Error(HB_DNN_INVALID_ARGUMENT, "model '" + model + "': " + what + " is NULL");
  }
}

void holdMemory(const TensorBinding& binding, const std::string& model, Scratch& scratch) {
  if (!binding.hasMemory) {
    return;
  }
  std::shared_ptr<const void> block = binding.block.lock();
  if (block == nullptr) {
    throw Error(HB_DNN_RUN_TASK_FAILED, "model '" + model + "', tensor '" + binding.tensor->name +
                                            "': its memory was freed before the task ran");
  }
  scratch.held.push_back(std::move(block));
}

DenseTensor denseTensor(const TensorBinding& binding, void* data) {
  return {data, static_cast<std::size_t>(denseSize(binding.layout)), binding.layout.shape,
          static_cast<std::size_t>(binding.layout.rank), binding.tensor->properties.tensorType};
}

namespace {

void requireFilled(const TensorBinding& input, const FilledInput& rule, const std::string& model) {
  if (!isFilled(rule, input.layout.shape, input.layout.rank,
                input.tensor->properties.tensorType == HB_DNN_TENSOR_TYPE_F16)) {
    throw Error(HB_DNN_INVALID_ARGUMENT, "model '" + model + "', input '" + input.tensor->name +
                                             "' is empty, which the engine cannot run: " + rule.node);
  }
}

}  // namespace

BoundInputs::BoundInputs(const Model& model, const hbDNNTensor* inputs) {
  requireArray(inputs, model.inputs.size(), "inputs", model.name);
  bindings_.reserve(model.inputs.size());
  for (std::size_t i = 0; i < model.inputs.size(); ++i) {
    bindings_.push_back(bindInput(model.inputs[i], inputs[i], model.name));
    if (const auto& rule = model.filledInputs[i]; rule.has_value()) {
      requireFilled(bindings_.back(), *rule, model.name);
    }
  }
}

void BoundInputs::prepare(const Model& model, Scratch& scratch) const {
  scratch.denseInputs.clear();
  scratch.inputs.resize(bindings_.size());
  for (std::size_t i = 0; i < bindings_.size(); ++i) {
    const TensorBinding& input = bindings_[i];
    holdMemory(input, model.name, scratch);
    DenseTensor& dense = scratch.denseInputs.emplace_back(denseTensor(input, input.data));
    if (!isDense(input.layout)) {
      dense.data = scratch.inputs[i].get(dense.size);
      pack(input.layout, input.data, dense.data);
    }
  }
}

std::int64_t BoundInputs::denseBytes() const noexcept {
  return std::accumulate(bindings_.begin(), bindings_.end(), std::int64_t{0},
                         [](std::int64_t sum, const TensorBinding& each) { return sum + denseSize(each.layout); });
}

std::vector<Shape> BoundInputs::shapes() const {
  std::vector<Shape> shapes;
  shapes.reserve(bindings_.size());
  for (const TensorBinding& binding : bindings_) {
    shapes.emplace_back(binding.layout.shape, binding.layout.shape + binding.layout.rank);
  }
  return shapes;
}

bool BoundInputs::overlap(const TensorBinding& output) const noexcept {
  const auto begin = [](const TensorBinding& binding) { return static_cast<const std::byte*>(binding.data); };
  const auto end = [&](const TensorBinding& binding) { return begin(binding) + spanOf(binding.layout).value_or(0); };
  const std::less<> before;
  return std::any_of(bindings_.begin(), bindings_.end(), [&](const TensorBinding& input) {
    return before(begin(input), end(output)) && before(begin(output), end(input));
  });
}

}  // namespace bpusim
