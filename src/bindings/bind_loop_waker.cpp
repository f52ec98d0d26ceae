// Wakes event loops when requests have ended: through a file descriptor that a loop watches, so that nothing between
// the device and the loop needs the GIL.
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <mutex>
#include <system_error>
#include <utility>

#include "bindings/objects/py_request.hpp"

namespace hbm::python {
namespace {

class LoopWaker : public std::enable_shared_from_this<LoopWaker> {
 public:
  LoopWaker() : descriptor_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
    if (descriptor_ < 0) {
      throw std::system_error(errno, std::generic_category(), "eventfd");
    }
  }
  LoopWaker(const LoopWaker&) = delete;
  LoopWaker& operator=(const LoopWaker&) = delete;
  ~LoopWaker() { close(descriptor_); }

  [[nodiscard]] int descriptor() const noexcept { return descriptor_; }

  // Notes the ticket when the last request has ended, at once when it has ended already.
  void watch(const PyRequest& request, std::uint64_t ticket) {
    const auto open = std::make_shared<std::atomic<std::size_t>>(request.requests().size());
    for (const auto& each : request.requests()) {
      each->onDone([self = shared_from_this(), open, ticket] {
        if (open->fetch_sub(1) == 1) {
          self->wake(ticket);
        }
      });
    }
  }

  // The tickets since the last call.
  [[nodiscard]] std::vector<std::uint64_t> take() {
    std::uint64_t count = 0;
    [[maybe_unused]] const ssize_t size = read(descriptor_, &count, sizeof(count));
    const std::lock_guard lock(mutex_);
    return std::exchange(ready_, {});
  }

 private:
  void wake(std::uint64_t ticket) {
    {
      const std::lock_guard lock(mutex_);
      ready_.push_back(ticket);
    }
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t size = write(descriptor_, &one, sizeof(one));
  }

  const int descriptor_;
  std::mutex mutex_;
  std::vector<std::uint64_t> ready_;
};

}  // namespace

void bindLoopWaker(py::module_& module) {
  py::class_<LoopWaker, std::shared_ptr<LoopWaker>>(
      module, "LoopWaker", "Tells an event loop which requests have ended, by a file descriptor to be watched.")
      .def(py::init<>())
      .def("fileno", &LoopWaker::descriptor, "The descriptor; readable when there are tickets.")
      .def("watch", &LoopWaker::watch, py::arg("request"), py::arg("ticket"), "Notes the ticket when it has ended.")
      .def("take", &LoopWaker::take, "The tickets since the last call.");
}

}  // namespace hbm::python
