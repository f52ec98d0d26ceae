#include "bindings/arguments/model_names.hpp"

#include "bindings/arguments/mappings.hpp"
#include "core/model/messages.hpp"
#include "hbm_runtime/error.hpp"

namespace hbm::python {

std::vector<ModelNames> namesOf(const Runtime& runtime) {
  std::vector<ModelNames> all;
  for (std::size_t m = 0; m < runtime.modelCount(); ++m) {
    const ModelInfo& model = runtime.model(m);
    ModelNames names;
    names.name = nameStr(model.name);
    for (std::size_t i = 0; i < model.inputs.size(); ++i) {
      names.inputs.push_back(nameStr(model.inputs[i].name));
      names.inputIndex[names.inputs.back()] = i;
    }
    for (std::size_t i = 0; i < model.outputs.size(); ++i) {
      names.outputs.push_back(nameStr(model.outputs[i].name));
      names.outputIndex[names.outputs.back()] = i;
    }
    all.push_back(std::move(names));
  }
  return all;
}

std::string listed(const std::vector<py::str>& names) {
  std::string text;
  for (const py::str& name : names) {
    text += (text.empty() ? "'" : ", '") + textOf(name, "a name") + "'";
  }
  return text;
}

std::size_t positionOf(const ModelNames& names, bool input, py::handle key) {
  const py::dict& index = input ? names.inputIndex : names.outputIndex;
  PyObject* position = PyDict_GetItemWithError(index.ptr(), key.ptr());
  if (position == nullptr && PyErr_Occurred() != nullptr) {
    throw py::error_already_set();
  }
  if (position == nullptr) {
    const std::string name = textOf(key, input ? "an input name" : "an output name");
    position = PyDict_GetItemWithError(index.ptr(), nameStr(name).ptr());  // the key may have been bytes
    if (position == nullptr) {
      const std::string model = textOf(names.name, "a model name");
      std::vector<std::string> known;
      for (const py::str& each : input ? names.inputs : names.outputs) {
        known.push_back(textOf(each, "a name"));
      }
      throw Error(ErrorKind::kInput, unknownTensor(model, input ? "input" : "output", name, known),
                  {"", 0, "", model, name});
    }
  }
  return PyLong_AsSize_t(position);
}

}  // namespace hbm::python
