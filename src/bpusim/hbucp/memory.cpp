#include "hbucp/memory.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <utility>

#include "hbucp/base/failure.hpp"
#include "hbucp/base/status_page.hpp"
#include "hobot/hb_ucp_status.h"

namespace bpusim {
namespace {

constexpr std::uint64_t kAlignment = 0x10000;  // 64 KiB, as on a board

std::uint64_t roundUp(std::uint64_t size) { return (size + kAlignment - 1) & ~(kAlignment - 1); }

// What a board reserves for its BPU is a part of its memory; here all of the machine's memory is the bound.
std::uint64_t machineMemory() {
  return static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

// size bytes (a multiple of the alignment) of fresh memory with an inaccessible gap behind them, so that running past
// a block is noticed; nullptr when there is none.
void* reserve(std::uint64_t size) {
  const std::uint64_t total = size + 2 * kAlignment;
  void* const mapping = mmap(nullptr, total, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapping == MAP_FAILED) {
    return nullptr;
  }
  const auto begin = reinterpret_cast<std::uintptr_t>(mapping);
  const std::uintptr_t block = roundUp(begin);
  const std::uintptr_t end = block + size + kAlignment;
  if (block > begin) {
    munmap(mapping, block - begin);
  }
  if (begin + total > end) {
    munmap(reinterpret_cast<void*>(end), begin + total - end);
  }
  void* const address = reinterpret_cast<void*>(block);
  if (mprotect(address, size, PROT_READ | PROT_WRITE) != 0) {
    munmap(address, size + kAlignment);
    return nullptr;
  }
  return address;
}

}  // namespace

// address is nullptr when the system has no memory left.
struct DeviceMemory::Block {
  explicit Block(std::uint64_t bytes) : size(bytes), address(reserve(roundUp(bytes))) {}
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;
  ~Block() {
    if (address != nullptr) {
      munmap(address, roundUp(size) + kAlignment);
    }
  }

  const std::uint64_t size;
  void* const address;
};

// A block that has been counted, and is not any more unless it comes to be.
class DeviceMemory::Counting {
 public:
  Counting(DeviceMemory& memory, std::uint64_t size) : memory_(memory), size_(size) {}
  Counting(const Counting&) = delete;
  Counting& operator=(const Counting&) = delete;
  ~Counting() {
    if (!kept_) {
      memory_.countResult(-1, size_);
    }
  }

  void keep() { kept_ = true; }

 private:
  DeviceMemory& memory_;
  std::uint64_t size_;
  bool kept_ = false;
};

DeviceMemory& DeviceMemory::instance() {
  static hbm::NeverDestroyed<DeviceMemory> memory(machineMemory());
  return *memory;
}

std::int32_t DeviceMemory::allocate(hbUCPSysMem* mem, std::uint64_t size) {
  std::uint64_t physical = 0;
  {
    const std::lock_guard lock(mutex_);
    ++counters_.allocationCalls;
    if (size > capacity_ || static_cast<std::uint64_t>(counters_.bytes) > capacity_ - size) {
      return reportFailure(HB_UCP_MEM_ALLOC_FAIL, std::to_string(size) + " bytes are asked for, " +
                                                      std::to_string(counters_.bytes) +
                                                      " are in use, and the machine has " + std::to_string(capacity_));
    }
    count(1, size);
    physical = nextPhysical_;
    nextPhysical_ += roundUp(size) + kAlignment;
  }
  Counting counting(*this, size);  // before the lock, which its end takes
  // The system works on large blocks for a while: not under the lock, which every inference takes.
  const auto block = std::make_shared<const Block>(size);
  const std::lock_guard lock(mutex_);
  if (block->address == nullptr) {
    return reportFailure(HB_UCP_MEM_ALLOC_FAIL, "the system has no " + std::to_string(size) + " bytes left");
  }
  blocks_.emplace(reinterpret_cast<std::uintptr_t>(block->address), block);
  *mem = {physical, block->address, size};
  counting.keep();
  return HB_UCP_SUCCESS;
}

std::int32_t DeviceMemory::free(void* address) {
  std::shared_ptr<const Block> freed;  // dies without the lock
  const std::lock_guard lock(mutex_);
  const auto found = blocks_.find(reinterpret_cast<std::uintptr_t>(address));
  if (found == blocks_.end()) {
    return reportFailure(
        HB_UCP_MEM_FREE_FAIL,
        "virAddr is not the start of a live block: it was freed before, is a window into a block, or comes "
        "from elsewhere");
  }
  freed = std::move(found->second);
  blocks_.erase(found);
  count(-1, freed->size);
  return HB_UCP_SUCCESS;
}

void DeviceMemory::count(std::int64_t blocks, std::uint64_t size) {
  counters_.blocks += blocks;
  counters_.bytes += blocks * static_cast<std::int64_t>(size);
  StatusPage::instance().showMemory(counters_.blocks, counters_.bytes);
}

void DeviceMemory::countResult(std::int64_t results, std::uint64_t size) {
  const std::lock_guard lock(mutex_);
  count(results, size);
}

std::shared_ptr<const void> DeviceMemory::blockAt(const void* address, std::uint64_t size) const {
  const auto begin = reinterpret_cast<std::uintptr_t>(address);
  const std::lock_guard lock(mutex_);
  auto after = blocks_.upper_bound(begin);
  if (after == blocks_.begin()) {
    return nullptr;
  }
  const auto& [start, block] = *--after;
  const std::uint64_t offset = begin - start;
  return offset <= block->size && size <= block->size - offset ? block : nullptr;
}

DeviceMemory::Counters DeviceMemory::counters() const {
  const std::lock_guard lock(mutex_);
  return counters_;
}

}  // namespace bpusim
