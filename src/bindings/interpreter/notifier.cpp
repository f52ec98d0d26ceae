#include "bindings/interpreter/notifier.hpp"

#include <pthread.h>

#include <atomic>
#include <chrono>
#include <future>
#include <utility>

#include "bindings/bindings.hpp"
#include "bindings/interpreter/gil.hpp"
#include "core/base/worker.hpp"
#include "loader/driver.hpp"

namespace hbm::python {
namespace {

constexpr auto kDrainTime = std::chrono::milliseconds(100);

// Never destroyed: requests may end while the process does. nullptr until it is needed.
std::atomic<Worker*> theNotifier{nullptr};

// Its thread is not in the child of a fork, which makes a new one when it needs it.
[[maybe_unused]] const int registered = pthread_atfork(nullptr, nullptr, [] { theNotifier.store(nullptr); });

Worker& notifier() {
  Worker* present = theNotifier.load(std::memory_order_acquire);
  if (present == nullptr) {
    auto fresh = std::make_unique<Worker>("hbm-python");
    if (theNotifier.compare_exchange_strong(present, fresh.get())) {
      present = fresh.release();
    }
  }
  return *present;
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
    if (work_ != nullptr && Driver::forked()) {
      leak(take());  // the parent's
    } else if (work_ != nullptr) {
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
  if (theNotifier.load(std::memory_order_relaxed) == nullptr) {
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
