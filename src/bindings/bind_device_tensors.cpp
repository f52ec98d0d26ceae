// Arrays on device memory, shapes without a run, memory in use.
#include "bindings/arguments/numpy_interop.hpp"
#include "bindings/objects/py_runtime.hpp"
#include "hbm_runtime/error.hpp"

namespace hbm::python {
namespace {

TensorRole roleOf(bool input) { return input ? TensorRole::kInput : TensorRole::kOutput; }

py::array allocate(const PyRuntime& self, const std::string& model, bool input, std::size_t tensor,
                   const std::vector<std::int64_t>& shape) {
  const std::shared_ptr<Loaded> loaded = self.loaded();
  return arrayOf(withoutGil([&] {
    const std::size_t index = loaded->runtime->modelIndex(model);
    return loaded->runtime->allocate(index, roleOf(input), tensor, shape);
  }));
}

std::vector<std::vector<std::int64_t>> inferShapes(const PyRuntime& self, const std::string& model,
                                                   const std::vector<std::vector<std::int64_t>>& inputShapes) {
  const std::shared_ptr<Loaded> loaded = self.loaded();
  return withoutGil([&] { return loaded->runtime->inferShapes(loaded->runtime->modelIndex(model), inputShapes); });
}

std::vector<std::string> dimensionNames(const PyRuntime& self, const std::string& model, bool input,
                                        std::size_t tensor) {
  const std::shared_ptr<Loaded> loaded = self.loaded();
  return loaded->runtime->dimensionNames(loaded->runtime->modelIndex(model), roleOf(input), tensor);
}

// Bytes to allocate (-1: depends on the call), alignment of rows.
std::pair<std::int64_t, std::int64_t> tensorMemory(const PyRuntime& self, const std::string& model, bool input,
                                                   std::size_t tensor) {
  const std::shared_ptr<Loaded> loaded = self.loaded();
  const std::size_t index = loaded->runtime->modelIndex(model);
  const ModelInfo& info = loaded->runtime->model(index);
  return {(input ? info.inputs : info.outputs).at(tensor).alignedByteSize, loaded->runtime->strideAlignment(index)};
}

ByModel<py::typing::Dict<py::str, py::int_>> memoryInfo(const PyRuntime& self) {
  const std::shared_ptr<Loaded> loaded = self.loaded();
  py::dict result;
  for (std::size_t i = 0; i < loaded->names.size(); ++i) {
    const MemoryUsage usage = loaded->runtime->memoryUsage(i);
    result[loaded->names[i].name] =
        py::dict(py::arg("used_bytes") = usage.usedBytes, py::arg("free_bytes") = usage.freeBytes);
  }
  return ByModel<py::typing::Dict<py::str, py::int_>>(result);
}

}  // namespace

void bindDeviceTensors(py::module_& module, RuntimeClass& cls) {
  module.def(
      "is_device_array", [](const py::array& array) { return isDeviceMemory(array.data()); }, py::arg("array"),
      "Returns True if an array lies in device memory that empty_inputs(), empty_outputs() or bind() made.");
  cls.def("_allocate", &allocate, py::arg("model"), py::arg("is_input"), py::arg("tensor"), py::arg("shape"));
  cls.def("_tensor_memory", &tensorMemory, py::arg("model"), py::arg("is_input"), py::arg("tensor"));
  cls.def("_infer_shapes", &inferShapes, py::arg("model"), py::arg("input_shapes"));
  cls.def("_dimension_names", &dimensionNames, py::arg("model"), py::arg("is_input"), py::arg("tensor"));
  cls.def("memory_info", &memoryInfo,
          "Device memory in bytes by model: used_bytes by requests, outputs and arrays that are held, free_bytes kept "
          "for the next run.");
}

}  // namespace hbm::python
