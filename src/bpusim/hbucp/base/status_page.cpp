#include "hbucp/base/status_page.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <new>

#include "hbucp/base/settings.hpp"

namespace bpusim {

// Fixed offsets: hbm_runtime/cli/monitoring/status_page.py reads it. Cores are consistent when the sequence is even and
// the same before and after reading them; the other numbers stand alone.
struct StatusPage::Layout {
  struct Core {
    std::atomic<std::int64_t> busyNs;
    std::atomic<std::int64_t> sinceNs;
    std::atomic<std::int64_t> finishedTasks;
    std::atomic<std::int32_t> queued;
    std::atomic<std::int32_t> lost;
  };

  std::atomic<std::uint64_t> magic;
  std::int32_t process;
  std::int32_t coreCount;
  char socName[64];
  std::int64_t madeNs;  // CLOCK_MONOTONIC
  std::atomic<std::int64_t> tasks;
  std::atomic<std::int64_t> blocks;
  std::atomic<std::int64_t> bytes;
  std::atomic<std::uint64_t> sequence;
  Core cores[kMaxCores];
};

namespace {

constexpr char kMagic[] = {'B', 'P', 'U', 'S', 'T', 'A', 'T', '1'};
constexpr char kFileName[] = "bpusim-status";

bool isWanted() {
  const char* const value = secure_getenv("BPUSIM_MONITOR");
  return value == nullptr || std::strcmp(value, "0") != 0;
}

// size bytes of zeros that other processes can see, or nullptr.
void* sharedMemory(std::size_t size) {
  const int file = isWanted() ? memfd_create(kFileName, MFD_CLOEXEC) : -1;
  if (file < 0) {
    return nullptr;
  }
  void* const address = ftruncate(file, static_cast<off_t>(size)) == 0
                            ? mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0)
                            : MAP_FAILED;
  if (address == MAP_FAILED) {
    close(file);
    return nullptr;
  }
  return address;  // the file stays open: it is what others find
}

std::int64_t monotonicNs() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace

StatusPage& StatusPage::instance() noexcept {
  static hbm::NeverDestroyed<StatusPage> page;
  return *page;
}

StatusPage::Layout& StatusPage::place() {
  void* memory = sharedMemory(sizeof(Layout));
  if (memory == nullptr) {
    static std::aligned_storage_t<sizeof(Layout), alignof(Layout)> hidden;
    memory = &hidden;
  }
  return *::new (memory) Layout{};
}

StatusPage::StatusPage() : layout_(place()) {
  static_assert(sizeof(Layout) == 120 + kMaxCores * 32 && sizeof(kMagic) == sizeof(Layout::magic));
  static_assert(offsetof(Layout, madeNs) == 80 && offsetof(Layout, cores) == 120);
  static_assert(std::atomic<std::int64_t>::is_always_lock_free);
  layout_.process = getpid();
  layout_.coreCount = settings().platform.cores;
  std::strncpy(layout_.socName, settings().socName, sizeof layout_.socName - 1);
  layout_.madeNs = monotonicNs();
  std::uint64_t magic = 0;
  std::memcpy(&magic, kMagic, sizeof magic);
  layout_.magic.store(magic, std::memory_order_release);  // last: a page with it is complete
}

void StatusPage::showCores(const Cores& cores) noexcept {
  const std::uint64_t sequence = layout_.sequence.load(std::memory_order_relaxed);
  layout_.sequence.store(sequence + 1, std::memory_order_relaxed);
  // Release, so that none of them becomes visible before the odd sequence. No fence: ThreadSanitizer knows none.
  for (std::size_t index = 0; index < cores.size(); ++index) {
    Layout::Core& shown = layout_.cores[index];
    shown.busyNs.store(cores[index].busyNs, std::memory_order_release);
    shown.sinceNs.store(cores[index].sinceNs, std::memory_order_release);
    shown.finishedTasks.store(cores[index].finishedTasks, std::memory_order_release);
    shown.queued.store(cores[index].queued, std::memory_order_release);
    shown.lost.store(cores[index].lost, std::memory_order_release);
  }
  layout_.sequence.store(sequence + 2, std::memory_order_release);
}

void StatusPage::showMemory(std::int64_t blocks, std::int64_t bytes) noexcept {
  layout_.blocks.store(blocks, std::memory_order_relaxed);
  layout_.bytes.store(bytes, std::memory_order_relaxed);
}

void StatusPage::showTasks(std::int64_t handles) noexcept { layout_.tasks.store(handles, std::memory_order_relaxed); }

}  // namespace bpusim
