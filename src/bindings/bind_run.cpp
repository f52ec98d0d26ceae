// run() and start(): one path from Python's arguments to requests and back.
#include <algorithm>
#include <atomic>
#include <chrono>

#include "bindings/mappings.hpp"
#include "bindings/notifier.hpp"
#include "bindings/numpy_interop.hpp"
#include "bindings/py_runtime.hpp"
#include "hbm_runtime/error.hpp"

namespace hbm::python {

py::object exceptionFor(const Error& error);

namespace {

constexpr double kLongest = 1e9;  // seconds, about 30 years; more would overflow the clock

std::chrono::nanoseconds durationOf(const py::object& number, const char* name) {
  double seconds = PyFloat_AsDouble(number.ptr());
  if (PyErr_Occurred() != nullptr) {
    const bool tooLarge = PyErr_ExceptionMatches(PyExc_OverflowError) != 0;
    PyErr_Clear();
    if (tooLarge) {
      throw Error(ErrorKind::kInput, std::string(name) + " is a number that no clock can count to");
    }
    throw py::type_error(std::string(name) + " must be a number of seconds or None, not " + typeName(number));
  }
  if (!(seconds >= 0)) {
    throw Error(ErrorKind::kInput, std::string(name) + " is " + std::to_string(seconds) + "; it must be at least 0");
  }
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
      std::chrono::duration<double>(std::min(seconds, kLongest)));
}

std::optional<std::chrono::nanoseconds> timeoutOf(const py::object& timeout) {
  return timeout.is_none() ? std::nullopt : std::optional(durationOf(timeout, "timeout"));
}

Result run(const PyRuntime& self, const py::object& input, const py::object& modelName, const py::object& priority,
           const py::object& bpuCores, const py::object& customId, const py::object& deviceId,
           const py::object& timeout, const py::object& outputs, const py::object& outputNames) {
  const std::shared_ptr<Loaded> loaded = self.loaded();
  const RunArguments arguments =
      parseRun(*loaded->runtime, loaded->names,
               {input, modelName, {priority, bpuCores, customId, deviceId}, outputs, outputNames});
  CallOptions options;
  options.timeout = timeoutOf(timeout);
  if (onMainThread()) {
    options.interrupted = signalRaised;
  }
  std::vector<std::vector<DeviceTensor>> tensors;
  try {
    tensors = withoutGil([&] { return loaded->runtime->run(arguments.calls, options); });
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::kCancelled && PyErr_Occurred() != nullptr) {
      throw py::error_already_set();  // what the signal handler raised
    }
    throw;
  }
  py::dict result;
  for (std::size_t c = 0; c < tensors.size(); ++c) {
    const ModelNames& names = loaded->names[arguments.calls[c].model];
    result[names.name] = wrapOutputs(names, arguments.wishes[c], tensors[c]);
  }
  return Result(result);
}

// The requests of one run_async(): one for each model.
class PyRequest {
 public:
  PyRequest(std::shared_ptr<Loaded> loaded, RunArguments arguments, const CallOptions& options)
      : loaded_(std::move(loaded)), arguments_(std::move(arguments)) {
    withoutGil([&] {
      for (const Call& call : arguments_.calls) {
        requests_.push_back(loaded_->runtime->start(call, options));
      }
    });
    arguments_.keepAlive.clear();  // the inputs were copied
    const bool written = std::any_of(arguments_.wishes.begin(), arguments_.wishes.end(),
                                     [](const OutputWish& wish) { return wish.inPlainMemory; });
    if (written) {
      // The arrays live until they have been written, whatever becomes of this object.
      whenDone([wishes = arguments_.wishes] { static_cast<void>(wishes); });
    }
  }

  [[nodiscard]] bool wait(const py::object& timeout) const {
    const std::optional<std::chrono::nanoseconds> limit = timeoutOf(timeout);
    const auto until = std::chrono::steady_clock::now() + limit.value_or(std::chrono::nanoseconds(0));
    const bool signals = onMainThread();
    return withoutGil([&] {
      for (const auto& request : requests_) {
        while (!request->wait(slice(until, limit.has_value(), signals))) {
          if (limit && std::chrono::steady_clock::now() >= until) {
            return false;
          }
          if (signals && signalRaised()) {
            throw Error(ErrorKind::kCancelled, "interrupted");
          }
        }
      }
      return true;
    });
  }

  [[nodiscard]] const char* state() const {
    RequestState least = RequestState::kDone;
    for (const auto& request : requests_) {
      const RequestState state = request->state();
      const bool open = state < RequestState::kDone;
      if (open || state > least) {
        least = state;
      }
      if (open) {
        break;
      }
    }
    return requestStateName(least);
  }

  [[nodiscard]] Result result() const {
    py::dict result;
    for (std::size_t c = 0; c < requests_.size(); ++c) {
      const ModelNames& names = loaded_->names[arguments_.calls[c].model];
      result[names.name] = wrapOutputs(names, arguments_.wishes[c], requests_[c]->outputs());
    }
    return Result(result);
  }

  [[nodiscard]] py::object error() const {
    for (const auto& request : requests_) {
      if (const std::optional<Error> error = request->error()) {
        return exceptionFor(*error);
      }
    }
    return py::none();
  }

  [[nodiscard]] bool cancel() const {
    return withoutGil([&] {
      bool all = true;
      for (const auto& request : requests_) {
        all = request->cancel() && all;
      }
      return all;
    });
  }

  void abandon() const {
    withoutGil([&] {
      for (const auto& request : requests_) {
        request->abandon();
      }
    });
  }

  void onDone(const py::object& callback) const {
    whenDone([callback] { callback(); });
  }

  [[nodiscard]] py::typing::List<py::typing::Dict<py::str, py::object>> infos() const {
    py::list infos;
    for (const auto& request : requests_) {
      const RequestInfo info = request->info();
      infos.append(py::dict(py::arg("model") = nameStr(info.model), py::arg("custom_id") = info.sched.customId,
                            py::arg("priority") = info.sched.priority, py::arg("bpu_cores") = info.sched.bpuCores,
                            py::arg("enqueue_ns") = info.enqueueNs, py::arg("copied_ns") = info.copiedNs,
                            py::arg("submit_ns") = info.submitNs, py::arg("ended_ns") = info.endedNs,
                            py::arg("done_ns") = info.doneNs, py::arg("queue_depth") = info.queueDepth,
                            py::arg("late") = info.late));
    }
    return py::typing::List<py::typing::Dict<py::str, py::object>>(infos);
  }

 private:
  static std::optional<std::chrono::nanoseconds> slice(std::chrono::steady_clock::time_point until, bool limited,
                                                       bool signals) {
    constexpr std::chrono::nanoseconds kSlice = std::chrono::milliseconds(100);
    if (!limited) {
      return signals ? std::optional(kSlice) : std::nullopt;
    }
    const std::chrono::nanoseconds left =
        std::max<std::chrono::nanoseconds>(until - std::chrono::steady_clock::now(), std::chrono::nanoseconds(0));
    return signals ? std::min(left, kSlice) : left;
  }

  // Calls `work` with the GIL when the last request has ended.
  void whenDone(std::function<void()> work) const {
    const auto open = std::make_shared<std::atomic<std::size_t>>(requests_.size());
    const std::shared_ptr<PyWork> shared = holdPython(std::move(work));
    withoutGil([&] {
      for (const auto& request : requests_) {
        request->onDone([open, shared] {
          if (open->fetch_sub(1) == 1) {
            notifyPython(shared);
          }
        });
      }
    });
  }

  std::shared_ptr<Loaded> loaded_;
  RunArguments arguments_;
  std::vector<std::shared_ptr<Request>> requests_;
};

std::unique_ptr<PyRequest> start(const PyRuntime& self, const py::object& input, const py::object& modelName,
                                 const py::object& priority, const py::object& bpuCores, const py::object& customId,
                                 const py::object& deviceId, const py::object& timeout, const py::object& outputs,
                                 const py::object& outputNames, const py::object& deadline) {
  std::shared_ptr<Loaded> loaded = self.loaded();
  RunArguments arguments = parseRun(*loaded->runtime, loaded->names,
                                    {input, modelName, {priority, bpuCores, customId, deviceId}, outputs, outputNames});
  CallOptions options;
  options.timeout = timeoutOf(timeout);
  if (!deadline.is_none()) {
    // steady_clock is CLOCK_MONOTONIC, which time.monotonic() reads.
    options.deadline = std::chrono::steady_clock::time_point(durationOf(deadline, "deadline"));
  }
  return std::make_unique<PyRequest>(std::move(loaded), std::move(arguments), options);
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
)";

void defRun(RuntimeClass& cls, const char* first) {
  const py::none none;
  cls.def("run", &run, py::arg(first), py::arg("model_name") = none, py::arg("priority") = none,
          py::arg("bpu_cores") = none, py::arg("custom_id") = none, py::arg("device_id") = none, py::kw_only(),
          py::arg("timeout") = none, py::arg("outputs") = none, py::arg("output_names") = none, kRunDoc);
  cls.def("_start", &start, py::arg(first), py::arg("model_name") = none, py::arg("priority") = none,
          py::arg("bpu_cores") = none, py::arg("custom_id") = none, py::arg("device_id") = none, py::kw_only(),
          py::arg("timeout") = none, py::arg("outputs") = none, py::arg("output_names") = none,
          py::arg("deadline") = none, "Starts a run; the package makes an InferRequest of it.");
}

}  // namespace

void bindRun(py::module_& module, RuntimeClass& cls) {
  py::class_<PyRequest>(module, "Request", "The requests of one asynchronous run, one for each model.")
      .def("wait", &PyRequest::wait, py::arg("timeout"), "Waits for the end; whether it has come.")
      .def_property_readonly("state", &PyRequest::state)
      .def("result", &PyRequest::result)
      .def("error", &PyRequest::error)
      .def("cancel", &PyRequest::cancel)
      .def("abandon", &PyRequest::abandon)
      .def("on_done", &PyRequest::onDone, py::arg("callback"), "Calls it once when all have ended.")
      .def("infos", &PyRequest::infos);
  for (const char* first : {"input_tensor", "input_tensors", "multi_input_tensors"}) {
    defRun(cls, first);
  }
}

}  // namespace hbm::python
