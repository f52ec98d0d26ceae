// Wakes event loops when requests have ended: through a file descriptor that a loop watches, so that nothing between
// the device and the loop needs the GIL.
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <string>
#include <utility>

#include "bindings/objects/constructor.hpp"
#include "bindings/objects/py_request.hpp"
#include "hbm_runtime/error.hpp"

namespace hbm::python {
namespace {

class LoopWaker : public std::enable_shared_from_this<LoopWaker> {
 public:
  LoopWaker() : descriptor_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
    if (descriptor_ < 0) {
      throw Error(ErrorKind::kOutOfResources,
                  std::string("an event loop cannot be notified of requests: eventfd: ") + std::strerror(errno));
    }
  }
  LoopWaker(const LoopWaker&) = delete;
  LoopWaker& operator=(const LoopWaker&) = delete;
  ~LoopWaker() { close(descriptor_); }

  [[nodiscard]] int descriptor() const noexcept { return descriptor_; }

  // Notes the ticket when the last request has ended, at once when it has ended already.
  void watch(const PyRequest& request, std::uint64_t ticket) {
    const auto note = std::make_shared<Note>(ticket, request.requests().size());
    for (const auto& each : request.requests()) {
      each->onDone([self = shared_from_this(), note] {
        if (note->open.fetch_sub(1) == 1) {
          self->wake(note);
        }
      });
    }
  }

  // The tickets since the last call.
  [[nodiscard]] std::vector<std::uint64_t> take() {
    std::uint64_t count = 0;
    [[maybe_unused]] const ssize_t size = read(descriptor_, &count, sizeof(count));
    std::vector<std::uint64_t> tickets;
    const std::lock_guard lock(mutex_);
    tickets.reserve(readyCount_);
    for (std::shared_ptr<Note> each = std::move(ready_); each != nullptr; each = std::move(each->next)) {
      tickets.push_back(each->ticket);
    }
    readyCount_ = 0;
    std::reverse(tickets.begin(), tickets.end());
    return tickets;
  }

 private:
  // A ticket that is watched, made in time: noting that its requests have ended needs no memory.
  struct Note {
    Note(std::uint64_t theTicket, std::size_t requests) : ticket(theTicket), open(requests) {}
    const std::uint64_t ticket;
    std::atomic<std::size_t> open;  // requests that have not ended
    std::shared_ptr<Note> next;
  };

  void wake(const std::shared_ptr<Note>& note) noexcept {
    {
      const std::lock_guard lock(mutex_);
      note->next = std::move(ready_);
      ready_ = note;
      ++readyCount_;
    }
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t size = write(descriptor_, &one, sizeof(one));
  }

  const int descriptor_;
  std::mutex mutex_;
  std::shared_ptr<Note> ready_;  // the last one, which leads to those before
  std::size_t readyCount_ = 0;
};

// Python's part of one: requests that are watched own it, too.
struct LoopWakerObject {
  const std::shared_ptr<LoopWaker> waker = std::make_shared<LoopWaker>();
};

std::unique_ptr<LoopWakerObject> makeLoopWaker() { return std::make_unique<LoopWakerObject>(); }

}  // namespace

void bindLoopWaker(py::module_& module) {
  py::class_<LoopWakerObject> cls(
      module, "LoopWaker", "Notifies an event loop of requests that have ended, by a file descriptor to be watched.");
  defConstructor(cls, &makeLoopWaker)
      .def(
          "fileno", [](const LoopWakerObject& self) { return self.waker->descriptor(); },
          "The descriptor; readable when there are tickets.")
      .def(
          "watch",
          [](const LoopWakerObject& self, const PyRequest& request, std::uint64_t ticket) {
            self.waker->watch(request, ticket);
          },
          py::arg("request"), py::arg("ticket"), "Notes the ticket when it has ended.")
      .def("take", [](const LoopWakerObject& self) { return self.waker->take(); }, "The tickets since the last call.");
}

}  // namespace hbm::python
