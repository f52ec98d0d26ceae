// A call whose tensors are fixed: nothing is parsed, allocated or copied when it runs.
#include <mutex>

#include "bindings/numpy_interop.hpp"
#include "bindings/py_runtime.hpp"
#include "hbm_runtime/error.hpp"

namespace hbm::python {
namespace {

class PyBoundCall {
 public:
  PyBoundCall(const PyRuntime& runtime, const std::string& model, std::vector<py::array> inputs,
              std::vector<py::array> outputs)
      : loaded_(runtime.loaded()), inputs_(std::move(inputs)), outputs_(std::move(outputs)) {
    Call& call = calls_.emplace_back();
    call.model = loaded_->runtime->modelIndex(model);
    const ModelInfo& info = loaded_->runtime->model(call.model);
    if (inputs_.size() != info.inputs.size() || outputs_.size() != info.outputs.size()) {
      throw Error(ErrorKind::kInput, "a bound call needs an array for every input and output", {"", 0, "", model, ""});
    }
    for (std::size_t i = 0; i < inputs_.size(); ++i) {
      call.inputs.push_back(viewOf(inputs_[i], model, "input", info.inputs[i]));
    }
    for (std::size_t i = 0; i < outputs_.size(); ++i) {
      call.outputs.push_back(viewOf(outputs_[i], model, "output", info.outputs[i]));
    }
  }

  void run(const py::object& timeout) {
    CallOptions options;
    if (!timeout.is_none()) {
      options.timeout =
          std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::duration<double>(timeout.cast<double>()));
    }
    if (onMainThread()) {
      options.interrupted = signalRaised;
    }
    try {
      withoutGil([&] { static_cast<void>(loaded_->runtime->run(calls_, options)); });
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::kCancelled && PyErr_Occurred() != nullptr) {
        throw py::error_already_set();
      }
      throw;
    }
  }

 private:
  const std::shared_ptr<Loaded> loaded_;
  const std::vector<py::array> inputs_;
  const std::vector<py::array> outputs_;
  std::vector<Call> calls_;
};

}  // namespace

void bindBoundCall(py::module_& module) {
  py::class_<PyBoundCall>(module, "BoundCall", "A call whose tensors are fixed.")
      .def(py::init<const PyRuntime&, const std::string&, std::vector<py::array>, std::vector<py::array>>(),
           py::arg("runtime"), py::arg("model"), py::arg("inputs"), py::arg("outputs"))
      .def("run", &PyBoundCall::run, py::arg("timeout") = py::none());
}

}  // namespace hbm::python
