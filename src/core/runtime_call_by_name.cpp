// From names to positions.
#include "core/driver/status.hpp"
#include "core/runtime_impl.hpp"

namespace hbm {
namespace {

// Throws Error (kInput) for a name that the model does not have.
std::size_t positionOf(const ModelInfo& model, const char* role, const std::vector<TensorInfo>& tensors,
                       const std::string& name) {
  try {
    return tensorIndex(tensors, name);
  } catch (const Error& error) {
    throw Error(ErrorKind::kInput, place(model.name) + ", " + role + ": " + error.what(),
                {"", 0, "", model.name, name});
  }
}

}  // namespace

std::size_t tensorIndex(const std::vector<TensorInfo>& tensors, const std::string& name) {
  std::string names;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    if (tensors[i].name == name) {
      return i;
    }
    names += (names.empty() ? "'" : ", '") + tensors[i].name + "'";
  }
  throw Error(ErrorKind::kInput, "no tensor is named '" + name + "'; there are " + (names.empty() ? "none" : names),
              {"", 0, "", "", name});
}

Call Runtime::makeCall(const std::string& model, const std::map<std::string, TensorView>& inputs,
                       const std::map<std::string, TensorView>& outputs) const {
  Call call;
  call.model = modelIndex(model);
  const ModelInfo& info = this->model(call.model);
  call.inputs.resize(info.inputs.size());
  for (const auto& [name, view] : inputs) {
    call.inputs[positionOf(info, "inputs", info.inputs, name)] = view;
  }
  call.outputs.resize(outputs.empty() ? 0 : info.outputs.size());
  for (const auto& [name, view] : outputs) {
    call.outputs[positionOf(info, "outputs", info.outputs, name)] = view;
  }
  return call;
}

}  // namespace hbm
