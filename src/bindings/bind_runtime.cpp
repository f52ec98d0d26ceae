// The runtime class, base of HB_HBMRuntime: construction, scheduling defaults, closing.
#include <memory>

#include "bindings/arguments/native_method.hpp"
#include "bindings/arguments/scheduling_arguments.hpp"
#include "bindings/objects/constructor.hpp"
#include "bindings/objects/py_request.hpp"
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

LoadOptions loadOptions(std::int32_t threads, std::vector<std::int32_t> cpus, bool flushDenormals, bool saveMemory,
                        bool profile, std::vector<std::string> keep, std::string keepFolder) {
  return {threads, std::move(cpus), flushDenormals, saveMemory, profile, std::move(keep), std::move(keepFolder), ""};
}

std::unique_ptr<PyRuntime> fromFiles(const std::vector<py::bytes>& files, const LoadOptions& options) {
  const std::vector<std::string> paths(files.begin(), files.end());
  return std::make_unique<PyRuntime>(withoutGil([&] { return std::make_unique<Runtime>(paths, options); }));
}

ModelBuffer modelBuffer(const py::buffer_info& info) {
  if (PyBuffer_IsContiguous(info.view(), 'C') == 0) {
    throw Error(ErrorKind::kInput, "a model in memory must be one contiguous block; pass bytes(buffer)");
  }
  return {info.ptr, static_cast<std::size_t>(info.size * info.itemsize)};
}

std::unique_ptr<PyRuntime> fromBuffers(const std::vector<py::buffer>& buffers, const LoadOptions& options) {
  std::vector<py::buffer_info> infos;
  std::vector<ModelBuffer> models;
  for (const py::buffer& buffer : buffers) {
    infos.push_back(buffer.request());
    models.push_back(modelBuffer(infos.back()));
  }
  return std::make_unique<PyRuntime>(withoutGil([&] { return std::make_unique<Runtime>(models, options); }));
}

void replaceByFile(PyRuntime& self, const std::string& model, const py::bytes& file, const LoadOptions& options) {
  const std::string path(file);
  self.replace(model, [&](const Runtime& old, std::size_t index) {
    return std::make_unique<Runtime>(old, index, path, options);
  });
}

void replaceByBuffer(PyRuntime& self, const std::string& model, const py::buffer& buffer, const LoadOptions& options) {
  const py::buffer_info info = buffer.request();
  const ModelBuffer memory = modelBuffer(info);
  self.replace(model, [&](const Runtime& old, std::size_t index) {
    return std::make_unique<Runtime>(old, index, memory, options);
  });
}

}  // namespace

void bindRuntime(py::module_& module) {
  bindNativeMethods(module);
  py::class_<LoadOptions> options(module, "LoadOptions", "How models are loaded.");
  defConstructor(options, &loadOptions, py::kw_only(), py::arg("threads") = 0,
                 py::arg("cpus") = std::vector<std::int32_t>(), py::arg("flush_denormals") = false,
                 py::arg("save_memory") = false, py::arg("profile") = false,
                 py::arg("keep") = std::vector<std::string>(), py::arg("keep_folder") = std::string());

  RuntimeClass cls(module, "Runtime", "Loads models and runs them.");
  defConstructor(cls, &fromFiles, py::arg("files"), py::arg("options"));
  defConstructor(cls, &fromBuffers, py::arg("buffers"), py::arg("options"));
  cls.def("_close", &PyRuntime::close)
      .def_property_readonly("closed", &PyRuntime::closed, "Whether close() was called.")
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
  bindBoundCall(module);
  bindObservation(module, cls);
}

}  // namespace hbm::python
