// What the Python object of a runtime holds.
#pragma once

#include <cstdlib>
#include <functional>
#include <memory>
#include <mutex>
#include <new>
#include <string>
#include <vector>

#include "bindings/arguments/run_arguments.hpp"
#include "bindings/bindings.hpp"
#include "bindings/interpreter/gil.hpp"
#include "hbm_runtime/runtime.hpp"

namespace hbm::python {

template <class T>
using ByModel = py::typing::Dict<py::str, T>;
template <class T>
using ByTensor = ByModel<py::typing::Dict<py::str, T>>;
using Integers = py::typing::List<py::int_>;
using Strings = py::typing::List<py::str>;
using Result = ByTensor<py::array>;

// Loaded models and their names as Python objects. Immutable; dropped with the GIL held.
struct Loaded {
  explicit Loaded(std::unique_ptr<Runtime> theRuntime) : runtime(std::move(theRuntime)), names(namesOf(*runtime)) {}
  Loaded(const Loaded&) = delete;
  Loaded& operator=(const Loaded&) = delete;
  ~Loaded() {
    withoutGil([this] { runtime.reset(); });
  }

  std::unique_ptr<Runtime> runtime;
  const std::vector<ModelNames> names;
};

// Calls take a snapshot: closing the runtime or replacing a model leaves them what they started with.
class PyRuntime {
 public:
  explicit PyRuntime(std::unique_ptr<Runtime> runtime) : loaded_(std::make_shared<Loaded>(std::move(runtime))) {}

  // An object whose __init__ was not called or failed has memory but was never constructed: pybind11 allocates it when
  // a method is called. Zeroed, it is one that was never loaded.
  static void* operator new(std::size_t size) {
    void* memory = std::calloc(1, size);
    if (memory == nullptr) {
      throw std::bad_alloc();
    }
    return memory;
  }
  static void operator delete(void* memory) noexcept { std::free(memory); }

  // Throws Error (kClosed), TypeError for an object without models.
  [[nodiscard]] std::shared_ptr<Loaded> loaded() const;

  // True if there was something to close.
  bool close();
  [[nodiscard]] bool closed() const;

  // Makes a runtime that has another model at an index; called without the GIL.
  using Replacement = std::function<std::unique_ptr<Runtime>(const Runtime& old, std::size_t index)>;
  void replace(const std::string& model, const Replacement& replacement);

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<Loaded> loaded_;
  bool closed_ = false;
};

using RuntimeClass = py::class_<PyRuntime>;

void bindModelProperties(RuntimeClass& cls);
void bindTensorProperties(RuntimeClass& cls);
void bindDeviceTensors(py::module_& module, RuntimeClass& cls);
void bindRun(RuntimeClass& cls);
void bindBinding(py::module_& module);
void bindObservation(py::module_& module, RuntimeClass& cls);

}  // namespace hbm::python
