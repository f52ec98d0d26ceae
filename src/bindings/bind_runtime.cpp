// The runtime class, base of HB_HBMRuntime: construction, scheduling defaults, closing.
#include <memory>

#include "bindings/arguments/load_options.hpp"
#include "bindings/arguments/native_method.hpp"
#include "bindings/arguments/scheduling_arguments.hpp"
#include "bindings/objects/constructor.hpp"
#include "bindings/objects/model_buffer.hpp"
#include "bindings/objects/py_request.hpp"
#include "core/base/model_file.hpp"
#include "hbm_runtime/error.hpp"

namespace hbm::python {
namespace {

py::object setSchedulingParams(py::handle self, Arguments given) {
  const std::shared_ptr<Loaded> loaded = self.cast<const PyRuntime&>().loaded();
  loaded->runtime->setSchedParams(
      parseScheduling(*loaded->runtime, {orNone(given[0]), orNone(given[1]), orNone(given[2]), orNone(given[3])}));
  return py::none();
}

// (priority, customId, bpu_cores, deviceId) by model name; the package makes SchedParam of it.
py::dict schedParams(const PyRuntime& self) {
  const std::shared_ptr<Loaded> loaded = self.loaded();
  const std::vector<SchedParam> all = loaded->runtime->schedParams();
  py::dict result;
  for (std::size_t i = 0; i < all.size(); ++i) {
    result[loaded->names[i].name] = py::make_tuple(all[i].priority, all[i].customId, all[i].bpuCores, all[i].deviceId);
  }
  return result;
}

std::unique_ptr<PyRuntime> fromFiles(const std::vector<py::bytes>& files, const py::dict& given) {
  const LoadOptions options = loadOptions(given);
  const std::vector<std::string> paths(files.begin(), files.end());
  return std::make_unique<PyRuntime>(withoutGil([&] { return std::make_unique<Runtime>(paths, options); }));
}

py::typing::List<py::bytes> filesOf(const py::bytes& path) {
  const std::string given(path);
  py::typing::List<py::bytes> files;
  for (const std::string& file : withoutGil([&] { return modelFiles(given); })) {
    files.append(py::bytes(file));
  }
  return files;
}

std::unique_ptr<PyRuntime> fromBuffers(const std::vector<py::buffer>& buffers, const py::dict& given) {
  const LoadOptions options = loadOptions(given);
  std::vector<py::buffer_info> infos;
  std::vector<ModelBuffer> models;
  for (const py::buffer& buffer : buffers) {
    infos.push_back(buffer.request());
    models.push_back(modelBuffer(infos.back()));
  }
  return std::make_unique<PyRuntime>(withoutGil([&] { return std::make_unique<Runtime>(models, options); }));
}

void replaceByFile(PyRuntime& self, const std::string& model, const py::bytes& file, const py::dict& given) {
  const LoadOptions options = loadOptions(given);
  const std::string path(file);
  self.replace(model, [&](const Runtime& old, std::size_t index) {
    return std::make_unique<Runtime>(old, index, path, options);
  });
}

void replaceByBuffer(PyRuntime& self, const std::string& model, const py::buffer& buffer, const py::dict& given) {
  const LoadOptions options = loadOptions(given);
  const py::buffer_info info = buffer.request();
  const ModelBuffer memory = modelBuffer(info);
  self.replace(model, [&](const Runtime& old, std::size_t index) {
    return std::make_unique<Runtime>(old, index, memory, options);
  });
}

// pybind11 looks up which bound classes a Python class has as bases when it makes the first object of it, where it ends
// the process if memory runs out.
void noteSubclass(const py::type& cls) {
  static_cast<void>(py::detail::all_type_info(reinterpret_cast<PyTypeObject*>(cls.ptr())));
}

}  // namespace

void bindRuntime(py::module_& module) {
  bindNativeMethods(module);
  bindLoadOptions(module);
  module.def("model_files", &filesOf, py::arg("path"), "The model files that a path stands for: those of a folder.");
  RuntimeClass cls(module, "Runtime", "Loads models and runs them.");
  module.def("note_subclass", &noteSubclass, py::arg("cls"), "Prepares a subclass for its first object.");
  defConstructor(cls, &fromFiles, py::arg("files"), py::arg("options"));
  defConstructor(cls, &fromBuffers, py::arg("buffers"), py::arg("options"));
  cls.def("_close", &PyRuntime::close)
      .def_property_readonly("closed", &PyRuntime::closed, "True after close().")
      .def("_replace_by_file", &replaceByFile, py::arg("model"), py::arg("file"), py::arg("options"))
      .def("_replace_by_buffer", &replaceByBuffer, py::arg("model"), py::arg("buffer"), py::arg("options"))
      .def_property_readonly("_sched_params", &schedParams);
  addNativeBody("set_scheduling_params", {{"priority", "bpu_cores", "custom_id", "device_id"}, &setSchedulingParams});
  bindModelProperties(cls);
  bindTensorProperties(cls);
  bindDeviceTensors(module, cls);
  bindRequest(module);
  bindLoopWaker(module);
  bindRun(cls);
  bindBinding(module);
  bindObservation(module, cls);
}

}  // namespace hbm::python
