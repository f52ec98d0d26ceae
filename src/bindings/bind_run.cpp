// run() and run_async(): one path from Python's arguments to requests and back. hbm_runtime/_running/runnable.py
// declares them.
#include <pybind11/gil_safe_call_once.h>

#include "bindings/arguments/call_options.hpp"
#include "bindings/arguments/hints.hpp"
#include "bindings/arguments/native_method.hpp"
#include "bindings/interpreter/run_calls.hpp"
#include "bindings/objects/py_request.hpp"
#include "bindings/objects/py_runtime.hpp"

namespace hbm::python {

namespace {

// Positions among the parameters.
enum Parameter : std::uint8_t {
  kInput,
  kModelName,
  kPriority,
  kBpuCores,
  kCustomId,
  kDeviceId,
  kTimeout,
  kDeadline,
  kOutputs,
  kOutputNames,
  kInputTensors,
  kMultiInputTensors,
};

const std::vector<std::string> kParameters = {"input_tensor", "model_name",   "priority",      "bpu_cores",
                                              "custom_id",    "device_id",    "timeout",       "deadline",
                                              "outputs",      "output_names", "input_tensors", "multi_input_tensors"};

// The inputs under whichever of their three names.
py::object inputOf(Arguments arguments) {
  py::object input;
  for (const Parameter parameter : {kInput, kInputTensors, kMultiInputTensors}) {
    if (arguments[parameter] == nullptr) {
      continue;
    }
    if (input) {
      throw py::type_error(
          "the inputs are given twice: input_tensor, input_tensors and multi_input_tensors are names of "
          "one argument");
    }
    input = py::reinterpret_borrow<py::object>(arguments[parameter]);
  }
  if (!input) {
    throw py::type_error(
        "a run needs inputs: an array, a dict of arrays by input name, or a dict of such dicts by model "
        "name");
  }
  return input;
}

RunArguments argumentsOf(const Loaded& loaded, Arguments given) {
  return parseRun(
      *loaded.runtime, loaded.names,
      {inputOf(given),
       orNone(given[kModelName]),
       {orNone(given[kPriority]), orNone(given[kBpuCores]), orNone(given[kCustomId]), orNone(given[kDeviceId])},
       orNone(given[kOutputs]),
       orNone(given[kOutputNames])});
}

const PyRuntime& runtimeOf(py::handle self) { return self.cast<const PyRuntime&>(); }

// Adds to errors about tensors what mends them.
template <class Work>
auto advised(const Loaded& loaded, const std::vector<Call>& calls, const Work& work) {
  try {
    return work();
  } catch (const Error& error) {
    throw withHint(error, *loaded.runtime, calls);
  }
}

py::object run(py::handle self, Arguments given) {
  const std::shared_ptr<Loaded> loaded = runtimeOf(self).loaded();
  const RunArguments arguments = argumentsOf(*loaded, given);
  const CallOptions options = callOptions(orNone(given[kTimeout]), orNone(given[kDeadline]));
  const auto tensors =
      advised(*loaded, arguments.calls, [&] { return runCalls(*loaded->runtime, arguments.calls, options); });
  py::dict result;
  for (std::size_t c = 0; c < tensors.size(); ++c) {
    const ModelNames& names = loaded->names[arguments.calls[c].model];
    result[names.name] = wrapOutputs(names, arguments.wanted[c], tensors[c]);
  }
  return std::move(result);
}

const py::object& requestClass() {
  PYBIND11_CONSTINIT static py::gil_safe_call_once_and_store<py::object> storage;
  return storage
      .call_once_and_store_result(
          [] { return py::module_::import("hbm_runtime._running.request").attr("InferRequest"); })
      .get_stored();
}

RequestObject started(std::shared_ptr<Loaded> loaded, RunArguments arguments, const CallOptions& options) {
  // The arrays of `arguments` are held until the inputs were copied.
  const std::shared_ptr<Loaded> kept = loaded;
  RequestObject made;
  advised(*kept, arguments.calls,
          [&] { made.request().start(std::move(loaded), arguments.calls, std::move(arguments.wanted), options); });
  return made;
}

py::object runAsync(py::handle self, Arguments given) {
  std::shared_ptr<Loaded> loaded = runtimeOf(self).loaded();
  RunArguments arguments = argumentsOf(*loaded, given);
  const CallOptions options = callOptions(orNone(given[kTimeout]), orNone(given[kDeadline]));
  return requestClass()(started(std::move(loaded), std::move(arguments), options));
}

// For queues, which keep what is below an InferRequest.
RequestObject start(const PyRuntime& self, const py::object& input, const py::object& modelName,
                    const py::object& deadline) {
  std::shared_ptr<Loaded> loaded = self.loaded();
  RunArguments arguments =
      parseRun(*loaded->runtime, loaded->names,
               {input, modelName, {py::none(), py::none(), py::none(), py::none()}, py::none(), py::none()});
  return started(std::move(loaded), std::move(arguments), callOptions(py::none(), deadline));
}

// For servers: a thread that does nothing but wait computes brief models itself.
py::object startAwaited(const PyRuntime& self, const py::object& input, const py::object& modelName, double below,
                        const py::object& priority, const py::object& bpuCores, const py::object& customId,
                        const py::object& deviceId, const py::object& timeout, const py::object& deadline,
                        const py::object& outputNames) {
  std::shared_ptr<Loaded> loaded = self.loaded();
  RunArguments arguments =
      parseRun(*loaded->runtime, loaded->names,
               {input, modelName, {priority, bpuCores, customId, deviceId}, py::none(), outputNames});
  CallOptions options = callOptions(timeout, deadline);
  options.awaitedBelow = std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::duration<double>(below));
  return requestClass()(started(std::move(loaded), std::move(arguments), options));
}

}  // namespace

void bindRun(RuntimeClass& cls) {
  addNativeBody("run", {kParameters, &run});
  addNativeBody("run_async", {kParameters, &runAsync});
  cls.def("_start", &start, py::arg("inputs"), py::arg("model_name"), py::arg("deadline"),
          "Starts a run of one model.");
  cls.def("_start_awaited", &startAwaited, py::arg("inputs"), py::arg("model_name"), py::kw_only(), py::arg("below"),
          py::arg("priority") = py::none(), py::arg("bpu_cores") = py::none(), py::arg("custom_id") = py::none(),
          py::arg("device_id") = py::none(), py::arg("timeout") = py::none(), py::arg("deadline") = py::none(),
          py::arg("output_names") = py::none(),
          "Starts a run of one model, whose InferRequest the caller waits for at once: on this thread if its last run "
          "took less than `below` seconds.");
}

}  // namespace hbm::python
