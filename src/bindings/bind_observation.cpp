// Profiles, counters, operations, core loads, log lines: what happens inside.
#include <memory>

#include "bindings/arguments/mappings.hpp"
#include "bindings/interpreter/notifier.hpp"
#include "bindings/objects/constructor.hpp"
#include "bindings/objects/py_runtime.hpp"
#include "hbm_runtime/error.hpp"
#include "hbm_runtime/logging.hpp"
#include "hbm_runtime/recorder.hpp"
#include "loader/driver.hpp"

namespace hbm::python {
namespace {

using Dicts = py::typing::List<py::typing::Dict<py::str, py::object>>;

// Python's part of a recorder: the runtime and its requests own it, too.
struct RecorderObject {
  std::shared_ptr<Recorder> recorder;
};

std::unique_ptr<RecorderObject> makeRecorder(std::size_t capacity) {
  return std::make_unique<RecorderObject>(RecorderObject{std::make_shared<Recorder>(capacity)});
}

Dicts recordsOf(const RecorderObject& self) {
  py::list all;
  for (const RequestRecord& record : self.recorder->records()) {
    const RequestInfo& info = record.info;
    const RequestTrace& trace = record.trace;
    py::list copies;
    for (const CopyRecord& copy : trace.copies) {
      copies.append(py::make_tuple(copy.input, copy.tensor, copy.bytes, copy.beginNs, copy.endNs));
    }
    py::list waits;
    for (const WaitRecord& wait : trace.waits) {
      waits.append(py::make_tuple(wait.thread, wait.beginNs, wait.endNs));
    }
    all.append(py::dict(py::arg("model") = nameStr(info.model), py::arg("state") = requestStateName(record.state),
                        py::arg("custom_id") = info.sched.customId, py::arg("priority") = info.sched.priority,
                        py::arg("enqueue_ns") = info.enqueueNs, py::arg("copied_ns") = info.copiedNs,
                        py::arg("submit_ns") = info.submitNs, py::arg("launched_ns") = trace.launchedNs,
                        py::arg("device_begin_ns") = trace.deviceBeginNs, py::arg("device_end_ns") = trace.deviceEndNs,
                        py::arg("ended_ns") = info.endedNs, py::arg("collect_ns") = trace.collectNs,
                        py::arg("done_ns") = info.doneNs, py::arg("core") = trace.core,
                        py::arg("prepared_by") = trace.preparedBy, py::arg("submitted_by") = trace.submittedBy,
                        py::arg("device_thread") = trace.deviceThread, py::arg("collected_by") = trace.collectedBy,
                        py::arg("copies") = copies, py::arg("waits") = waits));
  }
  return Dicts(all);
}

ByModel<py::typing::Dict<py::str, py::int_>> requestCounts(const PyRuntime& self) {
  const std::shared_ptr<Loaded> loaded = self.loaded();
  py::dict all;
  for (std::size_t i = 0; i < loaded->names.size(); ++i) {
    const RequestCounts counts = loaded->runtime->requestCounts(i);
    all[loaded->names[i].name] =
        py::dict(py::arg("running") = counts.running, py::arg("done") = counts.done, py::arg("failed") = counts.failed,
                 py::arg("timed_out") = counts.timedOut, py::arg("late") = counts.late,
                 py::arg("cancelled") = counts.cancelled, py::arg("device_ns") = counts.deviceNs);
  }
  return ByModel<py::typing::Dict<py::str, py::int_>>(all);
}

py::typing::List<py::typing::Tuple<py::str, py::str>> operations(const PyRuntime& self, const std::string& model) {
  const std::shared_ptr<Loaded> loaded = self.loaded();
  py::list all;
  for (const Operation& each : loaded->runtime->operations(loaded->runtime->modelIndex(model))) {
    all.append(py::make_tuple(each.name, each.type));
  }
  return py::typing::List<py::typing::Tuple<py::str, py::str>>(all);
}

py::typing::Tuple<py::str, py::str> engineOf(const PyRuntime& self, const std::string& model) {
  const std::shared_ptr<Loaded> loaded = self.loaded();
  const ModelEngine engine = loaded->runtime->engine(loaded->runtime->modelIndex(model));
  return py::make_tuple(engine.name, engine.reason);
}

using Times = py::typing::List<py::typing::Tuple<py::str, py::str, py::int_, py::int_, py::int_>>;

Times takeOperationTimes(const PyRuntime& self, const std::string& model) {
  const std::shared_ptr<Loaded> loaded = self.loaded();
  const std::vector<OperationTime> times =
      withoutGil([&] { return loaded->runtime->takeOperationTimes(loaded->runtime->modelIndex(model)); });
  py::list all;
  for (const OperationTime& each : times) {
    all.append(py::make_tuple(each.operation.name, each.operation.type, each.beginNs, each.durationNs, each.thread));
  }
  return Times(all);
}

void setLogHandler(const py::object& handler, int level) {
  if (handler.is_none()) {
    setLogSink(nullptr, nullptr, LogLevel::kNever);
    return;
  }
  // Lines may come at any time until the process ends: the handler lives as long.
  PyObject* const kept = handler.inc_ref().ptr();
  setLogSink(
      [](LogLevel of, const char* text, void* userdata) {
        try {
          notifyPython(*holdPython([of, line = std::string(text), function = static_cast<PyObject*>(userdata)] {
            py::reinterpret_borrow<py::object>(function)(static_cast<int>(of), line);
          }));
        } catch (const std::bad_alloc&) {
          return;  // a line less
        }
      },
      kept, static_cast<LogLevel>(level));
}

}  // namespace

void bindObservation(py::module_& module, RuntimeClass& cls) {
  py::class_<RecorderObject> recorders(module, "Recorder", "Records what becomes of requests.");
  defConstructor(recorders, &makeRecorder, py::arg("capacity"))
      .def("records", &recordsOf)
      .def("__len__", [](const RecorderObject& self) { return self.recorder->size(); })
      .def_property_readonly("lost", [](const RecorderObject& self) { return self.recorder->lost(); });
  cls.def(
         "_set_recorder",
         [](const PyRuntime& self, const RecorderObject& recorder) {
           self.loaded()->runtime->setRecorder(recorder.recorder);
         },
         py::arg("recorder"))
      .def("_clear_recorder", [](const PyRuntime& self) { self.loaded()->runtime->setRecorder(nullptr); })
      .def("_request_counts", &requestCounts)
      .def("_engine", &engineOf, py::arg("model"))
      .def("_operations", &operations, py::arg("model"))
      .def("_take_operation_times", &takeOperationTimes, py::arg("model"));
  module.def(
      "set_log_handler", &setLogHandler, py::arg("handler"), py::arg("level"),
      "Sends log lines of this level and above (0 trace to 5 critical) to handler(level, text), on a thread of its "
      "own; None turns them off.");
}

}  // namespace hbm::python
