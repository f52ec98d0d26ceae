#include "core/memory/shared_mapping.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <mutex>
#include <string>

#include "hbm_runtime/error.hpp"

namespace hbm {
namespace {

// Where the handler finds a mapping. Slots are used again and never freed, so that it can read them without a lock.
struct Slot {
  std::atomic<std::uintptr_t> begin{0};
  std::atomic<std::uintptr_t> end{0};  // 0: not in use
  std::atomic<bool> broken{false};
  Slot* next = nullptr;
};

std::atomic<Slot*> firstSlot{nullptr};
std::mutex slotMutex;  // held while a slot is taken or given back
struct sigaction formerAction;

static_assert(std::atomic<Slot*>::is_always_lock_free && std::atomic<std::uintptr_t>::is_always_lock_free,
              "a signal's handler reads them");

// Puts zeros in the place of the mapping that has the address. False: none has, or it cannot be done.
bool replacePages(std::uintptr_t address) noexcept {
  for (Slot* slot = firstSlot.load(); slot != nullptr; slot = slot->next) {
    // Read twice: the slot of another mapping may change hands meanwhile. The one of this address cannot.
    const std::uintptr_t end = slot->end.load();
    const std::uintptr_t begin = slot->begin.load();
    if (end == slot->end.load() && begin <= address && address < end) {
      slot->broken.store(true);
      return mmap(reinterpret_cast<void*>(begin), end - begin, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0) != MAP_FAILED;
    }
  }
  return false;
}

// What would have happened without the handler.
void passOn(int signal, siginfo_t* info, void* context) noexcept {
  if ((formerAction.sa_flags & SA_SIGINFO) != 0) {
    formerAction.sa_sigaction(signal, info, context);
    return;
  }
  const bool ignored = formerAction.sa_handler == SIG_IGN;
  if (!ignored && formerAction.sa_handler != SIG_DFL) {
    formerAction.sa_handler(signal);
    return;
  }
  const bool sent = info->si_code <= 0;  // by a program
  if (ignored && sent) {
    return;
  }
  sigaction(signal, &formerAction, nullptr);
  if (sent) {
    static_cast<void>(raise(signal));
  }  // else the access is repeated, and the system ends the process
}

void onBusError(int signal, siginfo_t* info, void* context) noexcept {
  const int error = errno;
  if (info->si_code != BUS_ADRERR || !replacePages(reinterpret_cast<std::uintptr_t>(info->si_addr))) {
    passOn(signal, info, context);
  }
  errno = error;
}

// Once for the process. Taking the handler away again could take away one that was installed later and calls it.
void installHandler() {
  static std::once_flag once;
  std::call_once(once, [] {
    struct sigaction action{};
    action.sa_sigaction = onBusError;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART;
    sigemptyset(&action.sa_mask);
    sigaction(SIGBUS, nullptr, &formerAction);  // before the handler can need it
    sigaction(SIGBUS, &action, nullptr);
  });
}

Slot& takeSlot(std::uintptr_t begin, std::size_t size) {
  const std::lock_guard lock(slotMutex);
  Slot* slot = firstSlot.load();
  while (slot != nullptr && slot->end.load() != 0) {
    slot = slot->next;
  }
  if (slot == nullptr) {
    auto made = std::make_unique<Slot>();
    made->next = firstSlot.load();
    slot = made.release();
    firstSlot.store(slot);
  }
  slot->broken.store(false);
  slot->begin.store(begin);
  slot->end.store(begin + size);
  return *slot;
}

}  // namespace

struct SharedMapping::Pages {
  Pages(int descriptor, std::uint64_t fileOffset, std::size_t theSize) : size(theSize) {
    installHandler();
    address = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, static_cast<off_t>(fileOffset));
    if (address == MAP_FAILED) {
      throw Error(ErrorKind::kOutOfResources,
                  "shared memory of " + std::to_string(size) + " bytes cannot be mapped: " + std::strerror(errno));
    }
    try {
      slot = &takeSlot(reinterpret_cast<std::uintptr_t>(address), size);
    } catch (...) {
      munmap(address, size);
      throw;
    }
  }
  Pages(const Pages&) = delete;
  Pages& operator=(const Pages&) = delete;
  ~Pages() {
    const std::lock_guard lock(slotMutex);
    slot->end.store(0);
    munmap(address, size);
  }

  const std::size_t size;
  void* address = nullptr;
  Slot* slot = nullptr;
};

SharedMapping::SharedMapping(int descriptor, std::uint64_t offset, std::size_t size) : size_(size) {
  const std::uint64_t before = offset % static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  pages_ = std::make_unique<Pages>(descriptor, offset - before, before + size);
  data_ = static_cast<std::byte*>(pages_->address) + before;
}

SharedMapping::~SharedMapping() = default;

bool SharedMapping::broken() const noexcept { return pages_->slot->broken.load(); }

}  // namespace hbm
