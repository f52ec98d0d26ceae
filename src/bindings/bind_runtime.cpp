// The runtime class, base of HB_HBMRuntime.
#include <chrono>
#include <cstdlib>
#include <memory>
#include <new>

#include "bindings/bindings.hpp"
#include "bindings/gil.hpp"
#include "bindings/numpy_interop.hpp"
#include "bindings/run_arguments.hpp"
#include "bindings/scheduling_arguments.hpp"
#include "hbm_runtime/error.hpp"
#include "hbm_runtime/runtime.hpp"

namespace hbm::python {
namespace {

template <class T>
using ByModel = py::typing::Dict<py::str, T>;
template <class T>
using ByTensor = ByModel<py::typing::Dict<py::str, T>>;
using Integers = py::typing::List<py::int_>;
using Strings = py::typing::List<py::str>;
using Result = ByTensor<py::array>;

class PyRuntime {
 public:
  explicit PyRuntime(std::unique_ptr<Runtime> runtime) : runtime_(std::move(runtime)), names_(namesOf(*runtime_)) {}
  PyRuntime(const PyRuntime&) = delete;
  PyRuntime& operator=(const PyRuntime&) = delete;

  ~PyRuntime() {
    withoutGil([this] { runtime_.reset(); });
  }

  // An object whose __init__ was not called or failed has memory but was never constructed: pybind11 allocates it when
  // a method is called. Zeroed, it is one without a runtime.
  static void* operator new(std::size_t size) {
    void* memory = std::calloc(1, size);
    if (memory == nullptr) {
      throw std::bad_alloc();
    }
    return memory;
  }
  static void operator delete(void* memory) noexcept { std::free(memory); }

  [[nodiscard]] Runtime& runtime() const {
    checkInitialised();
    return *runtime_;
  }
  [[nodiscard]] const std::vector<ModelNames>& names() const {
    checkInitialised();
    return names_;
  }

 private:
  void checkInitialised() const {
    if (runtime_ == nullptr) {
      throw py::type_error("HB_HBMRuntime.__init__() was not called, or it failed: this object holds no models");
    }
  }

  std::unique_ptr<Runtime> runtime_;
  std::vector<ModelNames> names_;
};

// A dict by model name of what `get` says about each model.
template <class Get>
py::dict byModel(const PyRuntime& self, const Get& get) {
  py::dict result;
  for (std::size_t i = 0; i < self.names().size(); ++i) {
    result[self.names()[i].name] = get(self.runtime().model(i));
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
      result[py::str(tensor.name)] = get(tensor);
    }
    return result;
  });
}

Result wrap(const PyRuntime& self, const std::vector<Call>& calls,
            const std::vector<std::vector<DeviceTensor>>& outputs) {
  py::dict result;
  for (std::size_t c = 0; c < calls.size(); ++c) {
    const ModelNames& names = self.names()[calls[c].model];
    py::dict arrays;
    for (std::size_t i = 0; i < outputs[c].size(); ++i) {
      arrays[names.outputs[i]] = arrayOf(outputs[c][i]);
    }
    result[names.name] = arrays;
  }
  return Result(result);
}

CallOptions optionsOf(const py::object& timeout) {
  CallOptions options;
  if (!timeout.is_none()) {
    const double seconds = timeout.cast<double>();
    if (!(seconds >= 0)) {
      throw Error(ErrorKind::kInput, "timeout is " + std::to_string(seconds) + "; it must be at least 0 seconds");
    }
    constexpr double kLongest = 1e9;  // about 30 years; more would overflow the clock
    options.timeout = std::chrono::duration_cast<std::chrono::nanoseconds>(
        std::chrono::duration<double>(std::min(seconds, kLongest)));
  }
  if (onMainThread()) {
    options.interrupted = signalRaised;
  }
  return options;
}

Result run(const PyRuntime& self, const py::object& input, const py::object& modelName, const py::object& priority,
           const py::object& bpuCores, const py::object& customId, const py::object& deviceId,
           const py::object& timeout) {
  const RunArguments arguments =
      parseRun(self.runtime(), self.names(), input, modelName, {priority, bpuCores, customId, deviceId});
  const CallOptions options = optionsOf(timeout);
  try {
    return wrap(self, arguments.calls, withoutGil([&] { return self.runtime().run(arguments.calls, options); }));
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::kCancelled && PyErr_Occurred() != nullptr) {
      throw py::error_already_set();  // what the signal handler raised
    }
    throw;
  }
}

void setSchedulingParams(const PyRuntime& self, const py::object& priority, const py::object& bpuCores,
                         const py::object& customId, const py::object& deviceId) {
  self.runtime().setSchedParams(parseScheduling(self.runtime(), {priority, bpuCores, customId, deviceId}));
}

// (priority, customId, bpu_cores, deviceId) by model name; the package makes SchedParam of it.
py::dict schedParams(const PyRuntime& self) {
  const std::vector<SchedParam> all = self.runtime().schedParams();
  py::dict result;
  for (std::size_t i = 0; i < all.size(); ++i) {
    result[self.names()[i].name] = py::make_tuple(all[i].priority, all[i].customId, all[i].bpuCores, all[i].deviceId);
  }
  return result;
}

LoadOptions loadOptions(std::int32_t threads, std::vector<std::int32_t> cpus, bool flushDenormals, bool saveMemory,
                        bool profile, std::vector<std::string> keep) {
  return {threads, std::move(cpus), flushDenormals, saveMemory, profile, std::move(keep)};
}

using Class = py::class_<PyRuntime>;

void bindTensorProperties(Class& cls, const std::string& role, Tensors tensors) {
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
            names.append(tensor.name);
          }
          return names;
        }));
      },
      "Names of the " + role + "s by model name, in the model's order.");
  property(
      "_descs",
      [tensors](const PyRuntime& self) {
        return ByTensor<py::str>(byTensor(self, tensors, [](const TensorInfo& tensor) { return tensor.description; }));
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
        return ByTensor<DataType>(byTensor(self, tensors, [](const TensorInfo& tensor) { return tensor.dtype; }));
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

void bindModelProperties(Class& cls) {
  cls.def_property_readonly_static(
      "version", [](const py::object& /*cls*/) { return withoutGil([] { return Runtime::driverVersion(); }); },
      "Version text of the driver. Reading it loads the driver.");
  cls.def_property_readonly(
      "model_names",
      [](const PyRuntime& self) {
        py::list names;
        for (const ModelNames& each : self.names()) {
          names.append(each.name);
        }
        return Strings(names);
      },
      "Names of the models, in the driver's order.");
  cls.def_property_readonly(
      "model_count", [](const PyRuntime& self) { return self.names().size(); }, "Number of models.");
  cls.def_property_readonly(
      "model_descs",
      [](const PyRuntime& self) {
        return ByModel<py::str>(byModel(self, [](const ModelInfo& model) { return model.description; }));
      },
      "Descriptions by model name; compiled models carry a JSON text of their compilation.");
  cls.def_property_readonly(
      "compile_bpu_core_num",
      [](const PyRuntime& self) {
        return ByModel<py::int_>(byModel(self, [](const ModelInfo& model) { return model.compileCores; }));
      },
      "Number of BPU cores that each model was compiled for, by model name.");
  cls.def_property_readonly("_file_descs", [](const PyRuntime& self) { return self.runtime().fileDescriptions(); });
}

constexpr const char* kRunDoc =
    R"(Runs one or several models and waits for the results.

The GIL is released while inputs are copied and the device works. Any number of threads may call it at a time.
The first argument takes one of three forms, whose names may be used as keywords:

Args:
    input_tensor: One array, for a model with exactly one input.
    input_tensors: Arrays by input name, for one model.
    multi_input_tensors: Dicts of arrays by input name, by model name; these models run in parallel.
    model_name: Which model gets the array or the flat dict, needed when several are loaded; with the nested form only
        this model runs.
    priority: 0 to 255 by model name, bigger first; this call only.
    bpu_cores: Lists of core numbers by model name, [-1] for automatic; this call only.
    custom_id: int by model name; among equal priorities the smaller runs first; this call only.
    device_id: int by model name; this call only.
    timeout: Seconds after which to give up, None to wait without limit.

Inputs have the model's dtype, rank and dimensions (-1 fits any size) and any memory layout; nothing is cast.

Returns:
    {model: {output: array}} in the order of the models given and of the outputs. The arrays are writeable views of
    device memory with the driver's strides; they stay valid as long as they are held.

Raises:
    InputError: wrong dtype, shape, name or scheduling value; nothing was run.
    TypeError: an argument of a wrong type.
    DriverError: the driver failed.
    HbmTimeoutError: not done in time; the device goes on, the runtime can be used.
)";

void defRun(Class& cls, const char* firstArgument) {
  cls.def("run", &run, py::arg(firstArgument), py::arg("model_name") = py::none(), py::arg("priority") = py::none(),
          py::arg("bpu_cores") = py::none(), py::arg("custom_id") = py::none(), py::arg("device_id") = py::none(),
          py::kw_only(), py::arg("timeout") = py::none(), kRunDoc);
}

}  // namespace

void bindRuntime(py::module_& module) {
  py::class_<LoadOptions>(module, "LoadOptions", "How models are loaded.")
      .def(py::init(&loadOptions), py::kw_only(), py::arg("threads") = 0, py::arg("cpus") = std::vector<std::int32_t>(),
           py::arg("flush_denormals") = false, py::arg("save_memory") = false, py::arg("profile") = false,
           py::arg("keep") = std::vector<std::string>());

  Class cls(module, "Runtime", "Loads models and runs them.");
  cls.def(py::init([](const std::vector<py::bytes>& files, const LoadOptions& options) {
            const std::vector<std::string> paths(files.begin(), files.end());
            return std::make_unique<PyRuntime>(withoutGil([&] { return std::make_unique<Runtime>(paths, options); }));
          }),
          py::arg("files"), py::arg("options"));
  cls.def(py::init([](const std::vector<py::buffer>& buffers, const LoadOptions& options) {
            std::vector<py::buffer_info> infos;
            std::vector<ModelBuffer> models;
            for (const py::buffer& buffer : buffers) {
              infos.push_back(buffer.request());
              if (PyBuffer_IsContiguous(infos.back().view(), 'C') == 0) {
                throw Error(ErrorKind::kInput, "a model in memory must be one contiguous block; pass bytes(buffer)");
              }
              models.push_back({infos.back().ptr, static_cast<std::size_t>(infos.back().size * infos.back().itemsize)});
            }
            return std::make_unique<PyRuntime>(withoutGil([&] { return std::make_unique<Runtime>(models, options); }));
          }),
          py::arg("buffers"), py::arg("options"));
  bindModelProperties(cls);
  bindTensorProperties(cls, "input", &ModelInfo::inputs);
  bindTensorProperties(cls, "output", &ModelInfo::outputs);
  cls.def_property_readonly("_sched_params", &schedParams);
  cls.def("set_scheduling_params", &setSchedulingParams, py::arg("priority") = py::none(),
          py::arg("bpu_cores") = py::none(), py::arg("custom_id") = py::none(), py::arg("device_id") = py::none(),
          R"(Sets defaults for the following runs of some models; all or nothing.

Args:
    priority: 0 to 255 by model name.
    bpu_cores: Lists of core numbers by model name; [-1] or [] for automatic.
    custom_id: int by model name.
    device_id: int by model name.

Raises:
    InputError: unknown model, number out of range, wrong number of cores; nothing was changed.
    TypeError: a value of a wrong type.
)");
  for (const char* name : {"input_tensor", "input_tensors", "multi_input_tensors"}) {
    defRun(cls, name);
  }
}

}  // namespace hbm::python
