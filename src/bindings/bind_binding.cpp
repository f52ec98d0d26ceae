// A call whose tensors are fixed: nothing is parsed, allocated or copied when it runs.
#include <atomic>
#include <memory>
#include <mutex>
#include <optional>

#include "bindings/arguments/call_options.hpp"
#include "bindings/arguments/hints.hpp"
#include "bindings/arguments/numpy_interop.hpp"
#include "bindings/interpreter/gil.hpp"
#include "bindings/interpreter/run_calls.hpp"
#include "bindings/objects/constructor.hpp"
#include "bindings/objects/py_request.hpp"
#include "hbm_runtime/error.hpp"
#include "loader/driver.hpp"

namespace hbm::python {
namespace {

class PyBinding {
 public:
  PyBinding(py::object runtime, const std::string& model, std::vector<py::array> inputs,
            std::vector<std::optional<py::array>> outputs, bool exact)
      : owner_(std::move(runtime)),
        runtime_(owner_.cast<const PyRuntime&>()),
        inputs_(std::move(inputs)),
        outputs_(std::move(outputs)),
        name_(model) {
    const std::shared_ptr<Loaded> loaded = runtime_.loaded();
    Call& call = calls_.emplace_back();
    call.model = loaded->runtime->modelIndex(model);
    const ModelInfo& info = loaded->runtime->model(call.model);
    if (inputs_.size() != info.inputs.size() || outputs_.size() != info.outputs.size()) {
      throw Error(ErrorKind::kInput, "a bound call needs an array for every input and output", {"", 0, "", model, ""});
    }
    WantedOutputs& wanted = wanted_.emplace_back();
    wanted.targets = exact ? Targets::kExact : Targets::kWhereTheyFit;
    for (std::size_t i = 0; i < inputs_.size(); ++i) {
      call.inputs.push_back(advisedViewOf(inputs_[i], info, "input", info.inputs[i]));
    }
    for (std::size_t i = 0; i < outputs_.size(); ++i) {
      const std::optional<py::array>& target = outputs_[i];
      wanted.shown.push_back(i);
      if (!target.has_value()) {
        call.outputs.emplace_back();
        wanted.arrays.emplace_back();
        continue;
      }
      requireTarget(*target, model, info.outputs[i]);
      call.outputs.push_back(advisedViewOf(*target, info, "output", info.outputs[i]));
      wanted.inPlainMemory |= !isDeviceMemory(call.outputs.back().data);
      wanted.arrays.emplace_back(*target);
    }
    try {
      loaded->runtime->checkCalls(calls_);
    } catch (const Error& error) {
      throw withHint(error, *loaded->runtime, calls_);
    }
  }

  // The outputs that are not in the arrays, by name, if there are any.
  std::optional<py::dict> run(const py::object& timeout, const py::object& deadline) {
    Driver::refuseFork();
    const std::shared_ptr<Loaded> loaded = runtime_.loaded();
    CallOptions options = callOptions(timeout, deadline);
    options.targets = wanted_.front().targets;
    const Busy busy(*this);
    std::vector<std::vector<DeviceTensor>> results;
    try {
      results = runCalls(*loaded->runtime, calls_, options);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::kState) {  // else it has not begun: another run uses the memory
        ended(true);
      }
      throw;
    } catch (...) {
      ended(true);
      throw;
    }
    ended(false);
    std::optional<py::dict> others;
    for (std::size_t i = 0; i < outputs_.size(); ++i) {
      const std::optional<py::array>& target = outputs_[i];
      if (!target.has_value() || !isIn(results.front()[i], *target)) {
        if (!others) {
          others.emplace();
        }
        (*others)[loaded->names[calls_.front().model].outputs[i]] = arrayOf(results.front()[i]);
      }
    }
    return others;
  }

  RequestObject start(const py::object& timeout, const py::object& deadline) {
    Driver::refuseFork();
    std::shared_ptr<Loaded> loaded = runtime_.loaded();
    CallOptions options = callOptions(timeout, deadline);
    options.targets = wanted_.front().targets;
    const Busy busy(*this);
    RequestObject made;
    made.request().start(std::move(loaded), calls_, wanted_, options);
    const std::shared_ptr<Request>& last = made.request().requests().front();
    setLast(last);
    outcome_->store(++number_ << 1U);
    try {
      withoutGil([&] { noteOutcomeOf(last); });
    } catch (...) {
      made.request().abandon();
      throw;
    }
    return made;
  }

  [[nodiscard]] const char* status() const {
    Driver::refuseFork();
    const std::shared_ptr<Request> last = this->last();
    if (busy_.load() || (last != nullptr && last->state() < RequestState::kDone)) {
      return "running";
    }
    const bool fault = last != nullptr ? last->state() != RequestState::kDone : (outcome_->load() & 1U) != 0;
    return fault ? "fault" : "ready";
  }

 private:
  // A run without a request has ended.
  void ended(bool fault) {
    setLast({});
    outcome_->store(++number_ << 1U | (fault ? 1U : 0U));
  }

  void noteOutcomeOf(const std::shared_ptr<Request>& request) const {
    request->onDone([outcome = outcome_, good = number_ << 1U, weak = std::weak_ptr<Request>(request)] {
      const std::shared_ptr<Request> ended = weak.lock();
      if (ended != nullptr && ended->state() != RequestState::kDone) {
        std::uint64_t expected = good;  // else the next run has begun
        outcome->compare_exchange_strong(expected, good | 1U);
      }
    });
  }

  void setLast(const std::weak_ptr<Request>& request) {
    const std::lock_guard lock(mutex_);
    last_ = request;
  }

  [[nodiscard]] std::shared_ptr<Request> last() const {
    const std::lock_guard lock(mutex_);
    return last_.lock();
  }

  // One thread at a time, and none while the last request has not ended.
  class Busy {
   public:
    explicit Busy(PyBinding& call) : call_(call) {
      if (call_.busy_.exchange(true)) {
        refuse();
      }
      const std::shared_ptr<Request> last = call_.last();
      if (last != nullptr && last->state() < RequestState::kDone) {
        call_.busy_.store(false);
        refuse();
      }
    }
    Busy(const Busy&) = delete;
    Busy& operator=(const Busy&) = delete;
    ~Busy() { call_.busy_.store(false); }

   private:
    [[noreturn]] void refuse() const {
      throw Error(ErrorKind::kState,
                  "model '" + call_.name_ + "': a run on these arrays is in flight; wait for it, or bind a second set",
                  {"", 0, "", call_.name_, ""});
    }

    PyBinding& call_;
  };

  const py::object owner_;  // keeps the next alive
  const PyRuntime& runtime_;
  const std::vector<py::array> inputs_;
  const std::vector<std::optional<py::array>> outputs_;  // none where the shape is known only after a run
  const std::string name_;
  std::vector<Call> calls_;
  std::vector<WantedOutputs> wanted_;
  std::atomic<bool> busy_{false};
  std::uint64_t number_ = 0;  // of the last run; of the thread that is busy
  // Twice that number, and 1 more when it failed. A request may tell that when the next run has already ended.
  const std::shared_ptr<std::atomic<std::uint64_t>> outcome_ = std::make_shared<std::atomic<std::uint64_t>>(0);
  mutable std::mutex mutex_;  // for status(), which any thread may ask
  std::weak_ptr<Request> last_;
};

std::unique_ptr<PyBinding> makeBinding(py::object runtime, const std::string& model, std::vector<py::array> inputs,
                                       std::vector<std::optional<py::array>> outputs, bool exact) {
  return std::make_unique<PyBinding>(std::move(runtime), model, std::move(inputs), std::move(outputs), exact);
}

}  // namespace

void bindBinding(py::module_& module) {
  py::class_<PyBinding> cls(module, "Binding", "A call whose tensors are fixed.");
  defConstructor(cls, &makeBinding, py::arg("runtime"), py::arg("model"), py::arg("inputs"), py::arg("outputs"),
                 py::arg("exact"))
      .def("run", &PyBinding::run, py::arg("timeout") = py::none(), py::arg("deadline") = py::none(),
           "Runs it and waits. Returns the outputs that are not in their arrays by name, or None where all are.")
      .def_property_readonly("status", &PyBinding::status)
      .def("start", &PyBinding::start, py::arg("timeout") = py::none(), py::arg("deadline") = py::none());
}

}  // namespace hbm::python
