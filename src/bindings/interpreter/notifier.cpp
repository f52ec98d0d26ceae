#include "bindings/interpreter/notifier.hpp"

#include <pthread.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>
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

}  // namespace

// Python work on the way to the notifier's thread. It is made with the function, so that neither calling the function
// nor giving its Python objects back needs memory later.
class PyTask final : public Worker::Item {
 public:
  explicit PyTask(std::function<void()> work) : work_(std::move(work)) {}

  // `call`: with the function called; else its Python objects are only given back.
  static void post(std::unique_ptr<PyTask> task, bool call) noexcept {
    task->call_ = call;
    notifier().post(*task.release());
  }

  void run() noexcept override {
    std::unique_ptr<PyTask> self(this);
    if (interpreterEnding()) {
      static_cast<void>(self.release());  // there is no interpreter to give Python objects back to
      return;
    }
    try {
      const ForeignGil gil;
      if (call_) {
        callBack();
      }
      self.reset();
    } catch (const std::exception&) {  // no memory for the state of a thread: the objects stay
      static_cast<void>(self.release());
    }
  }

 private:
  void callBack() const noexcept {
    try {
      work_();
    } catch (py::error_already_set& error) {
      error.discard_as_unraisable("a callback of hbm_runtime");
    } catch (const std::exception& error) {
      PyErr_SetString(PyExc_MemoryError, error.what());
      PyErr_WriteUnraisable(nullptr);
    } catch (...) {
      // The interpreter ends while Python runs here: CPython unwinds the thread by force (gil.hpp), which must not get
      // further than this. The lock is another's already.
      while (true) {
        pause();
      }
    }
  }

  std::function<void()> work_;
  bool call_ = false;
};

class PyWork {
 public:
  explicit PyWork(std::function<void()> work) : task_(std::make_unique<PyTask>(std::move(work))) {}
  PyWork(const PyWork&) = delete;
  PyWork& operator=(const PyWork&) = delete;
  ~PyWork() {
    if (task_ != nullptr && Driver::forked()) {
      static_cast<void>(task_.release());  // the parent's
    } else if (task_ != nullptr) {
      PyTask::post(std::move(task_), false);
    }
  }

  void call() noexcept { PyTask::post(std::move(task_), true); }

 private:
  std::unique_ptr<PyTask> task_;
};

std::shared_ptr<PyWork> holdPython(std::function<void()> work) {
  static_cast<void>(notifier());  // it is there when the work is posted, where nothing may fail
  return std::make_shared<PyWork>(std::move(work));
}

void drainNotifier() noexcept {
  if (theNotifier.load(std::memory_order_relaxed) == nullptr) {
    return;
  }
  struct Mark final : Worker::Item {
    void run() noexcept override {
      const std::shared_ptr<Mark> owner = std::move(self);
      {
        const std::lock_guard lock(mutex);
        reached = true;
      }
      changed.notify_all();
    }
    std::shared_ptr<Mark> self;  // outlives a wait that was not long enough
    std::mutex mutex;
    std::condition_variable changed;
    bool reached = false;
  };
  std::shared_ptr<Mark> mark;
  try {
    mark = std::make_shared<Mark>();
  } catch (const std::bad_alloc&) {
    return;
  }
  mark->self = mark;
  notifier().post(*mark);
  std::unique_lock lock(mark->mutex);
  mark->changed.wait_for(lock, kDrainTime, [&] { return mark->reached; });
}

void notifyPython(PyWork& work) noexcept { work.call(); }

}  // namespace hbm::python
