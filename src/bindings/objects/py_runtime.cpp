#include "bindings/objects/py_runtime.hpp"

#include "hbm_runtime/error.hpp"

namespace hbm::python {

std::shared_ptr<Loaded> PyRuntime::loaded() const {
  const std::lock_guard lock(mutex_);
  if (loaded_ == nullptr && !closed_) {
    throw py::type_error("HB_HBMRuntime.__init__() was not called, or it failed: this object holds no models");
  }
  if (loaded_ == nullptr) {
    throw Error(ErrorKind::kClosed, "this runtime was closed; make a new one to run models");
  }
  return loaded_;
}

bool PyRuntime::close() {
  std::shared_ptr<Loaded> last;  // dies after the lock is free: that may take time
  const std::lock_guard lock(mutex_);
  last.swap(loaded_);
  closed_ = true;
  return last != nullptr;
}

bool PyRuntime::closed() const {
  const std::lock_guard lock(mutex_);
  return closed_;
}

void PyRuntime::replace(const std::string& model, const Replacement& replacement) {
  while (true) {
    const std::shared_ptr<Loaded> old = loaded();
    const std::size_t index = old->runtime->modelIndex(model);
    auto fresh = std::make_shared<Loaded>(withoutGil([&] { return replacement(*old->runtime, index); }));
    const std::lock_guard lock(mutex_);
    if (loaded_ == old) {
      loaded_.swap(fresh);
      return;
    }
    if (loaded_ == nullptr) {
      throw Error(ErrorKind::kClosed, "this runtime was closed while the model was loaded");
    }
    // Another thread replaced a model in the meantime: once more, on its result.
  }
}

}  // namespace hbm::python
