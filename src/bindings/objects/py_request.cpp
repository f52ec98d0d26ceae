#include "bindings/objects/py_request.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>

#include "bindings/arguments/call_options.hpp"
#include "bindings/arguments/mappings.hpp"
#include "bindings/interpreter/notifier.hpp"
#include "hbm_runtime/error.hpp"

namespace hbm::python {

py::object exceptionFor(const Error& error);

namespace {

using Clock = std::chrono::steady_clock;

// How long one wait without the GIL lasts: on the main thread Python looks at signals in between.
std::optional<std::chrono::nanoseconds> slice(std::optional<Clock::time_point> until, bool signals) {
  constexpr std::chrono::nanoseconds kSlice = std::chrono::milliseconds(100);
  if (!until) {
    return signals ? std::optional(kSlice) : std::nullopt;
  }
  const std::chrono::nanoseconds left =
      std::max<std::chrono::nanoseconds>(*until - Clock::now(), std::chrono::nanoseconds(0));
  return signals ? std::min(left, kSlice) : left;
}

enum class Waited : std::uint8_t { kEnded, kTimedOut, kInterrupted };

Waited waitForAll(const std::vector<std::shared_ptr<Request>>& requests, std::optional<Clock::time_point> until,
                  bool signals) {
  for (const auto& request : requests) {
    while (!request->wait(slice(until, signals))) {
      if (until && Clock::now() >= *until) {
        return Waited::kTimedOut;
      }
      if (signals && signalRaised()) {
        return Waited::kInterrupted;
      }
    }
  }
  return Waited::kEnded;
}

}  // namespace

void PyRequest::start(std::shared_ptr<Loaded> loaded, const std::vector<Call>& calls, std::vector<WantedOutputs> wanted,
                      CallOptions options) {
  loaded_ = std::move(loaded);
  wanted_ = std::move(wanted);
  std::transform(calls.begin(), calls.end(), std::back_inserter(models_), [](const Call& call) { return call.model; });
  const bool written =
      std::any_of(wanted_.begin(), wanted_.end(), [](const WantedOutputs& each) { return each.inPlainMemory; });
  if (written) {
    // The arrays live until they have been written, whatever becomes of this object.
    options.keeps = holdPython([arrays = wanted_] { static_cast<void>(arrays); });
  }
  withoutGil([&] { requests_ = loaded_->runtime->start(calls, options); });
}

bool PyRequest::wait(const py::object& timeout) const {
  const std::optional<std::chrono::nanoseconds> limit = timeoutOf(timeout);
  const auto until = limit ? std::optional(Clock::now() + *limit) : std::nullopt;
  const bool signals = onMainThread();
  const Waited waited = withoutGil([&] { return waitForAll(requests_, until, signals); });
  if (waited == Waited::kInterrupted) {
    throw py::error_already_set();  // what the signal handler raised
  }
  return waited == Waited::kEnded;
}

const char* PyRequest::state() const {
  RequestState worst = RequestState::kDone;
  for (const auto& request : requests_) {
    const RequestState state = request->state();
    if (state < RequestState::kDone) {
      return requestStateName(state);
    }
    worst = std::max(worst, state);
  }
  return requestStateName(worst);
}

Result PyRequest::result() const {
  py::dict result;
  for (std::size_t i = 0; i < requests_.size(); ++i) {
    const ModelNames& names = loaded_->names[models_[i]];
    result[names.name] = wrapOutputs(names, wanted_[i], requests_[i]->outputs());
  }
  return Result(result);
}

py::object PyRequest::error() const {
  for (const auto& request : requests_) {
    if (const std::optional<Error> error = request->error()) {
      return exceptionFor(*error);
    }
  }
  return py::none();
}

bool PyRequest::cancel() const {
  return withoutGil([&] { return cancelAll(requests_); });
}

void PyRequest::abandon() const {
  withoutGil([&] {
    for (const auto& request : requests_) {
      request->abandon();
    }
  });
}

void PyRequest::onDone(const py::object& callback) const {
  const std::shared_ptr<PyWork> held = holdPython([callback] { callback(); });
  withoutGil([&] { whenDone([held] { notifyPython(*held); }); });
}

py::typing::List<py::tuple> PyRequest::infos() const {
  py::list infos;
  for (const auto& request : requests_) {
    const RequestInfo info = request->info();
    infos.append(py::make_tuple(nameStr(info.model), info.sched.customId, info.sched.priority, info.sched.bpuCores,
                                info.enqueueNs, info.copiedNs, info.submitNs, info.endedNs, info.doneNs,
                                info.queueDepth, info.late));
  }
  return py::typing::List<py::tuple>(infos);
}

void PyRequest::whenDone(const std::function<void()>& work) const {
  const auto open = std::make_shared<std::atomic<std::size_t>>(requests_.size());
  for (const auto& request : requests_) {
    request->onDone([open, work] {
      if (open->fetch_sub(1) == 1) {
        work();
      }
    });
  }
}

void bindRequest(py::module_& module) {
  py::class_<PyRequest>(module, "Request", "The requests of one asynchronous run, one for each model.")
      .def("wait", &PyRequest::wait, py::arg("timeout"), "Waits for the end; whether it has come.")
      .def_property_readonly("state", &PyRequest::state)
      .def("result", &PyRequest::result)
      .def("error", &PyRequest::error)
      .def("cancel", &PyRequest::cancel)
      .def("abandon", &PyRequest::abandon)
      .def("on_done", &PyRequest::onDone, py::arg("callback"), "Calls it once when all have ended.")
      .def("infos", &PyRequest::infos, "The arguments of a RequestInfo for each.");
}

}  // namespace hbm::python
