// From names to positions.
#include <algorithm>

#include "core/model/messages.hpp"
#include "core/runtime_impl.hpp"

namespace hbm {
namespace {

// Position of the tensor, or the number of tensors.
std::size_t find(const std::vector<TensorInfo>& tensors, const std::string& name) {
  const auto found =
      std::find_if(tensors.begin(), tensors.end(), [&](const TensorInfo& each) { return each.name == name; });
  return static_cast<std::size_t>(found - tensors.begin());
}

std::vector<std::string> namesOf(const std::vector<TensorInfo>& tensors) {
  std::vector<std::string> names;
  for (const TensorInfo& each : tensors) {
    names.push_back(each.name);
  }
  return names;
}

// Throws Error (kInput) for a name that the model does not have.
std::size_t positionOf(const ModelInfo& model, const char* role, const std::vector<TensorInfo>& tensors,
                       const std::string& name) {
  const std::size_t position = find(tensors, name);
  if (position == tensors.size()) {
    throw Error(ErrorKind::kInput, unknownTensor(model.name, role, name, namesOf(tensors)),
                {"", 0, "", model.name, name});
  }
  return position;
}

}  // namespace

std::size_t tensorIndex(const std::vector<TensorInfo>& tensors, const std::string& name) {
  const std::size_t position = find(tensors, name);
  if (position == tensors.size()) {
    std::string names;
    for (const TensorInfo& each : tensors) {
      names += (names.empty() ? "'" : ", '") + each.name + "'";
    }
    throw Error(ErrorKind::kInput, "no tensor is named '" + name + "'; there are " + (names.empty() ? "none" : names),
                {"", 0, "", "", name});
  }
  return position;
}

Call Runtime::makeCall(const std::string& model, const std::map<std::string, TensorView>& inputs,
                       const std::map<std::string, TensorView>& outputs) const {
  Call call;
  call.model = modelIndex(model);
  const ModelInfo& info = this->model(call.model);
  call.inputs.resize(info.inputs.size());
  for (const auto& [name, view] : inputs) {
    call.inputs[positionOf(info, "input", info.inputs, name)] = view;
  }
  call.outputs.resize(outputs.empty() ? 0 : info.outputs.size());
  for (const auto& [name, view] : outputs) {
    call.outputs[positionOf(info, "output", info.outputs, name)] = view;
  }
  return call;
}

}  // namespace hbm
