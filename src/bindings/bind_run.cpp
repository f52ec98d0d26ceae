// run() and start(): one path from Python's arguments to requests and back.
#include "bindings/arguments/call_options.hpp"
#include "bindings/objects/py_request.hpp"
#include "bindings/objects/py_runtime.hpp"

namespace hbm::python {

namespace {

Result run(const PyRuntime& self, const py::object& input, const py::object& modelName, const py::object& priority,
           const py::object& bpuCores, const py::object& customId, const py::object& deviceId,
           const py::object& timeout, const py::object& deadline, const py::object& outputs,
           const py::object& outputNames) {
  const std::shared_ptr<Loaded> loaded = self.loaded();
  const RunArguments arguments =
      parseRun(*loaded->runtime, loaded->names,
               {input, modelName, {priority, bpuCores, customId, deviceId}, outputs, outputNames});
  const auto tensors = runCalls(*loaded->runtime, arguments.calls, callOptions(timeout, deadline));
  py::dict result;
  for (std::size_t c = 0; c < tensors.size(); ++c) {
    const ModelNames& names = loaded->names[arguments.calls[c].model];
    result[names.name] = wrapOutputs(names, arguments.wishes[c], tensors[c]);
  }
  return Result(result);
}

RequestObject start(const PyRuntime& self, const py::object& input, const py::object& modelName,
                    const py::object& priority, const py::object& bpuCores, const py::object& customId,
                    const py::object& deviceId, const py::object& timeout, const py::object& deadline,
                    const py::object& outputs, const py::object& outputNames) {
  std::shared_ptr<Loaded> loaded = self.loaded();
  RunArguments arguments = parseRun(*loaded->runtime, loaded->names,
                                    {input, modelName, {priority, bpuCores, customId, deviceId}, outputs, outputNames});
  const CallOptions options = callOptions(timeout, deadline);
  // The arrays of `arguments` are held until the inputs were copied.
  RequestObject made;
  made.request().start(std::move(loaded), arguments.calls, std::move(arguments.wishes), options);
  return made;
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
    deadline: A time of `time.monotonic`; a model that has not reached the device by then is not run.
    outputs: Arrays to be filled, by output name (with several models by model name first): of the output's dtype and
        shape, writeable, any layout. The result holds the same objects.
    output_names: The outputs to return, a list of names (with several models by model name), None for all.

Inputs have the model's dtype, rank and dimensions (-1 fits any size) and any memory layout; nothing is cast.

Returns:
    {model: {output: array}} in the order of the models given and of the outputs. The arrays are writeable views of
    device memory with the driver's strides; they stay valid as long as they are held.

Raises:
    InputError: wrong dtype, shape, name or scheduling value; nothing was run.
    TypeError: an argument of a wrong type.
    DriverError: the driver failed.
    HbmTimeoutError: not done in time; the device goes on, the runtime can be used.
    HbmDeadlineError: the deadline had passed before the device was free.
)";

void defRun(RuntimeClass& cls, const char* first) {
  const py::none none;
  cls.def("run", &run, py::arg(first), py::arg("model_name") = none, py::arg("priority") = none,
          py::arg("bpu_cores") = none, py::arg("custom_id") = none, py::arg("device_id") = none, py::kw_only(),
          py::arg("timeout") = none, py::arg("deadline") = none, py::arg("outputs") = none,
          py::arg("output_names") = none, kRunDoc);
  cls.def("_run_async", &start, py::arg(first), py::arg("model_name") = none, py::arg("priority") = none,
          py::arg("bpu_cores") = none, py::arg("custom_id") = none, py::arg("device_id") = none, py::kw_only(),
          py::arg("timeout") = none, py::arg("deadline") = none, py::arg("outputs") = none,
          py::arg("output_names") = none, "Starts a run; the package makes an InferRequest of it.");
}

}  // namespace

void bindRun(RuntimeClass& cls) {
  for (const char* first : {"input_tensor", "input_tensors", "multi_input_tensors"}) {
    defRun(cls, first);
  }
}

}  // namespace hbm::python
