#include "memory.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <memory>
#include <string>

#include "failure.hpp"
#include "hobot/hb_ucp_status.h"

namespace bpusim {
namespace {

constexpr std::uint64_t kAlignment = 64 * 1024;

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

DeviceMemory& DeviceMemory::instance() {
  static DeviceMemory& memory = *std::unique_ptr<DeviceMemory>(new DeviceMemory(machineMemory())).release();
  return memory;
}

std::int32_t DeviceMemory::allocate(hbUCPSysMem* mem, std::uint64_t size, bool cached) {
  const std::lock_guard lock(mutex_);
  ++counters_.allocationCalls;
  if (size > capacity_ || static_cast<std::uint64_t>(counters_.bytes) > capacity_ - size) {
    return fail(HB_UCP_MEM_ALLOC_FAIL, std::to_string(size) + " bytes are asked for, " +
                                           std::to_string(counters_.bytes) + " are in use, and the machine has " +
                                           std::to_string(capacity_));
  }
  void* const address = reserve(roundUp(size));
  if (address == nullptr) {
    return fail(HB_UCP_MEM_ALLOC_FAIL, "the system has no " + std::to_string(size) + " bytes left");
  }
  const std::uint64_t reserved = roundUp(size) + kAlignment;
  try {
    blocks_.emplace(reinterpret_cast<std::uintptr_t>(address), Block{size, reserved, cached});
  } catch (...) {
    munmap(address, reserved);
    throw;
  }
  mem->phyAddr = nextPhysical_;
  mem->virAddr = address;
  mem->memSize = size;
  nextPhysical_ += reserved;
  ++counters_.blocks;
  counters_.bytes += static_cast<std::int64_t>(size);
  return HB_UCP_SUCCESS;
}

std::int32_t DeviceMemory::free(const void* address) {
  const std::lock_guard lock(mutex_);
  const auto found = blocks_.find(reinterpret_cast<std::uintptr_t>(address));
  if (found == blocks_.end()) {
    return fail(HB_UCP_MEM_FREE_FAIL,
                "virAddr is not the start of a live block: it was freed before, is a window into a block, or comes "
                "from elsewhere");
  }
  if (munmap(reinterpret_cast<void*>(found->first), found->second.reserved) != 0) {
    return fail(HB_UCP_MEM_FREE_FAIL, "the system refuses to take the memory back");
  }
  --counters_.blocks;
  counters_.bytes -= static_cast<std::int64_t>(found->second.size);
  blocks_.erase(found);
  return HB_UCP_SUCCESS;
}

bool DeviceMemory::covers(const void* address, std::uint64_t size) const {
  const auto begin = reinterpret_cast<std::uintptr_t>(address);
  const std::lock_guard lock(mutex_);
  auto after = blocks_.upper_bound(begin);
  if (after == blocks_.begin()) {
    return false;
  }
  const auto& [start, block] = *--after;
  const std::uint64_t offset = begin - start;
  return offset <= block.size && size <= block.size - offset;
}

DeviceMemory::Counters DeviceMemory::counters() const {
  const std::lock_guard lock(mutex_);
  return counters_;
}

}  // namespace bpusim
