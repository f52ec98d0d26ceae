#include "memory.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <memory>
#include <string>

#include "failure.hpp"
#include "hobot/hb_ucp_status.h"
#include "status_page.hpp"

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

void unmap(void* address, std::uint64_t size) { munmap(address, roundUp(size) + kAlignment); }

}  // namespace

DeviceMemory& DeviceMemory::instance() {
  static DeviceMemory& memory = *std::unique_ptr<DeviceMemory>(new DeviceMemory(machineMemory())).release();
  return memory;
}

std::int32_t DeviceMemory::allocate(hbUCPSysMem* mem, std::uint64_t size) {
  std::uint64_t physical = 0;
  {
    const std::lock_guard lock(mutex_);
    ++counters_.allocationCalls;
    if (size > capacity_ || static_cast<std::uint64_t>(counters_.bytes) > capacity_ - size) {
      return fail(HB_UCP_MEM_ALLOC_FAIL, std::to_string(size) + " bytes are asked for, " +
                                             std::to_string(counters_.bytes) + " are in use, and the machine has " +
                                             std::to_string(capacity_));
    }
    count(1, size);
    physical = nextPhysical_;
    nextPhysical_ += roundUp(size) + kAlignment;
  }
  // The system works on large blocks for a while: not under the lock, which every inference takes.
  void* const address = reserve(roundUp(size));
  const std::lock_guard lock(mutex_);
  if (address == nullptr) {
    count(-1, size);
    return fail(HB_UCP_MEM_ALLOC_FAIL, "the system has no " + std::to_string(size) + " bytes left");
  }
  try {
    blocks_.emplace(reinterpret_cast<std::uintptr_t>(address), size);
  } catch (...) {
    count(-1, size);
    unmap(address, size);
    throw;
  }
  mem->phyAddr = physical;
  mem->virAddr = address;
  mem->memSize = size;
  return HB_UCP_SUCCESS;
}

std::int32_t DeviceMemory::free(void* address) {
  std::uint64_t size = 0;
  {
    const std::lock_guard lock(mutex_);
    const auto found = blocks_.find(reinterpret_cast<std::uintptr_t>(address));
    if (found == blocks_.end()) {
      return fail(HB_UCP_MEM_FREE_FAIL,
                  "virAddr is not the start of a live block: it was freed before, is a window into a block, or comes "
                  "from elsewhere");
    }
    size = found->second;
    blocks_.erase(found);
    count(-1, size);
  }
  unmap(address, size);
  return HB_UCP_SUCCESS;
}

void DeviceMemory::count(std::int64_t blocks, std::uint64_t size) {
  counters_.blocks += blocks;
  counters_.bytes += blocks * static_cast<std::int64_t>(size);
  StatusPage::instance().showMemory(counters_.blocks, counters_.bytes);
}

bool DeviceMemory::covers(const void* address, std::uint64_t size) const {
  const auto begin = reinterpret_cast<std::uintptr_t>(address);
  const std::lock_guard lock(mutex_);
  auto after = blocks_.upper_bound(begin);
  if (after == blocks_.begin()) {
    return false;
  }
  const auto& [start, length] = *--after;
  const std::uint64_t offset = begin - start;
  return offset <= length && size <= length - offset;
}

DeviceMemory::Counters DeviceMemory::counters() const {
  const std::lock_guard lock(mutex_);
  return counters_;
}

}  // namespace bpusim
