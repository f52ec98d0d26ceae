// What models and their tensors are like: the properties of the runtime class.
#include "bindings/arguments/enum_members.hpp"
#include "bindings/arguments/mappings.hpp"
#include "bindings/objects/py_runtime.hpp"

namespace hbm::python {
namespace {

// A dict by model name of what `get` says about each model.
template <class Get>
py::dict byModel(const PyRuntime& self, const Get& get) {
  py::dict result;
  const std::shared_ptr<Loaded> loaded = self.loaded();
  for (std::size_t i = 0; i < loaded->names.size(); ++i) {
    result[loaded->names[i].name] = get(loaded->runtime->model(i));
  }
  return result;
}

using Tensors = std::vector<TensorInfo> ModelInfo::*;

// A dict by model and tensor of what `get` says about each tensor.
template <class Get>
py::dict byTensor(const PyRuntime& self, Tensors tensors, const Get& get) {
  return byModel(self, [&](const ModelInfo& model) {
    py::dict result;
    for (const TensorInfo& tensor : model.*tensors) {
      result[nameStr(tensor.name)] = get(tensor);
    }
    return result;
  });
}

void bindRole(RuntimeClass& cls, const std::string& role, Tensors tensors) {
  const auto property = [&](const char* suffix, auto getter, const std::string& doc) {
    cls.def_property_readonly((role + suffix).c_str(), getter, doc.c_str());
  };
  property(
      "_counts",
      [tensors](const PyRuntime& self) {
        return ByModel<py::int_>(byModel(self, [=](const ModelInfo& model) { return (model.*tensors).size(); }));
      },
      "Number of " + role + "s by model name.");
  property(
      "_names",
      [tensors](const PyRuntime& self) {
        return ByModel<Strings>(byModel(self, [=](const ModelInfo& model) {
          py::list names;
          for (const TensorInfo& tensor : model.*tensors) {
            names.append(nameStr(tensor.name));
          }
          return names;
        }));
      },
      "Names of the " + role + "s by model name, in the model's order.");
  property(
      "_descs",
      [tensors](const PyRuntime& self) {
        return ByTensor<py::str>(
            byTensor(self, tensors, [](const TensorInfo& tensor) { return proseStr(tensor.description); }));
      },
      "Descriptions by model and " + role + " name; \"\" where there is none.");
  property(
      "_shapes",
      [tensors](const PyRuntime& self) {
        return ByTensor<Integers>(byTensor(self, tensors, [](const TensorInfo& tensor) { return tensor.shape; }));
      },
      "Shapes by model and " + role + " name; -1 stands for a dynamic dimension.");
  property(
      "_dtypes",
      [tensors](const PyRuntime& self) {
        return ByTensor<DataType>(
            byTensor(self, tensors, [](const TensorInfo& tensor) { return enumMember(tensor.dtype); }));
      },
      "Element types by model and " + role + " name.");
  property(
      "_quants",
      [tensors](const PyRuntime& self) {
        return ByTensor<QuantInfo>(byTensor(self, tensors, [](const TensorInfo& tensor) { return tensor.quant; }));
      },
      "Quantisation parameters by model and " + role + " name.");
  property(
      "_strides",
      [tensors](const PyRuntime& self) {
        return ByTensor<Integers>(byTensor(self, tensors, [](const TensorInfo& tensor) { return tensor.strides; }));
      },
      "Strides in bytes by model and " + role + " name; -1 stands for a stride that the runtime fills.");
}

}  // namespace

void bindTensorProperties(RuntimeClass& cls) {
  bindRole(cls, "input", &ModelInfo::inputs);
  bindRole(cls, "output", &ModelInfo::outputs);
}

void bindModelProperties(RuntimeClass& cls) {
  cls.def_property_readonly_static(
      "version", [](const py::object& /*cls*/) { return withoutGil([] { return Runtime::driverVersion(); }); },
      "Version text of the driver. Reading it loads the driver.");
  cls.def_property_readonly(
      "model_names",
      [](const PyRuntime& self) {
        py::list names;
        const std::shared_ptr<Loaded> loaded = self.loaded();
        for (const ModelNames& each : loaded->names) {
          names.append(each.name);
        }
        return Strings(names);
      },
      "Names of the models, in the driver's order.");
  cls.def_property_readonly(
      "model_count", [](const PyRuntime& self) { return self.loaded()->names.size(); }, "Number of models.");
  cls.def_property_readonly(
      "model_descs",
      [](const PyRuntime& self) {
        return ByModel<py::str>(byModel(self, [](const ModelInfo& model) { return proseStr(model.description); }));
      },
      "Descriptions by model name; compiled models carry a JSON text of their compilation.");
  cls.def_property_readonly(
      "compile_bpu_core_num",
      [](const PyRuntime& self) {
        return ByModel<py::int_>(byModel(self, [](const ModelInfo& model) { return model.compileCores; }));
      },
      "Number of BPU cores that each model was compiled for, by model name.");
  cls.def_property_readonly("_file_descs", [](const PyRuntime& self) {
    py::list descriptions;
    for (const std::string& each : self.loaded()->runtime->fileDescriptions()) {
      descriptions.append(proseStr(each));
    }
    return Strings(descriptions);
  });
}

}  // namespace hbm::python
