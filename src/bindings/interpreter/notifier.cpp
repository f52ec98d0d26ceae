#include "bindings/interpreter/notifier.hpp"

#include <atomic>
#include <chrono>
#include <future>
#include <utility>

#include "bindings/bindings.hpp"
#include "bindings/interpreter/gil.hpp"
#include "core/base/worker.hpp"

namespace hbm::python {
namespace {

constexpr auto kDrainTime = std::chrono::milliseconds(100);

std::atomic<bool> used{false};

// Never destroyed: requests may end while the process does.
Worker& notifier() {
  used.store(true, std::memory_order_relaxed);
  static auto* worker = std::make_unique<Worker>("hbm-python").release();
  return *worker;
}

// Leaves the function's Python objects alone: there is no interpreter to give them back to.
void leak(std::function<void()> work) {
  static_cast<void>(std::make_unique<std::function<void()>>(std::move(work)).release());
}

void runWithGil(std::function<void()> work, bool call) {
  if (interpreterEnding()) {
    leak(std::move(work));
    return;
  }
  const ForeignGil gil;
  if (call) {
    try {
      work();
    } catch (py::error_already_set& error) {
      error.discard_as_unraisable("a callback of hbm_runtime");
    }
  }
  work = nullptr;
}

}  // namespace

class PyWork {
 public:
  explicit PyWork(std::function<void()> work) : work_(std::move(work)) {}
  PyWork(const PyWork&) = delete;
  PyWork& operator=(const PyWork&) = delete;
  ~PyWork() {
    if (work_ != nullptr) {
      notifier().post(
          [work = std::make_shared<std::function<void()>>(take())] { runWithGil(std::move(*work), false); });
    }
  }

  std::function<void()> take() { return std::exchange(work_, nullptr); }

 private:
  std::function<void()> work_;
};

std::shared_ptr<PyWork> holdPython(std::function<void()> work) { return std::make_shared<PyWork>(std::move(work)); }

void drainNotifier() {
  if (!used.load(std::memory_order_relaxed)) {
    return;
  }
  const auto reached = std::make_shared<std::promise<void>>();
  notifier().post([reached] { reached->set_value(); });
  static_cast<void>(reached->get_future().wait_for(kDrainTime));
}

void notifyPython(std::shared_ptr<PyWork> work) {
  notifier().post([work = std::move(work)] { runWithGil(work->take(), true); });
}

}  // namespace hbm::python
