// Device memory: blocks of the process's own memory, with made-up physical addresses.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>

#include "hobot/hb_ucp_sys.h"
#include "never_destroyed.hpp"

namespace bpusim {

class DeviceMemory {
 public:
  struct Counters {
    std::int64_t blocks = 0;
    std::int64_t bytes = 0;
    std::int64_t allocationCalls = 0;
  };

  // Never destroyed: blocks may be freed while the process exits.
  static DeviceMemory& instance();

  // Zero-filled, 64 KiB aligned. Fills mem; leaves it alone on failure.
  [[nodiscard]] std::int32_t allocate(hbUCPSysMem* mem, std::uint64_t size);
  // Whoever holds the block by blockAt() keeps its memory; for everybody else it is gone.
  [[nodiscard]] std::int32_t free(void* address);
  // The live block that [address, address + size) lies in, or nullptr.
  [[nodiscard]] std::shared_ptr<const void> blockAt(const void* address, std::uint64_t size) const;
  // A result of `size` bytes that a client has taken (1) or released (-1) counts as a block.
  void countResult(std::int64_t results, std::uint64_t size);
  [[nodiscard]] Counters counters() const;

 private:
  friend class hbm::NeverDestroyed<DeviceMemory>;
  struct Block;
  class Counting;

  explicit DeviceMemory(std::uint64_t capacity) : capacity_(capacity) {}

  void count(std::int64_t blocks, std::uint64_t size);

  const std::uint64_t capacity_;
  mutable std::mutex mutex_;
  std::map<std::uintptr_t, std::shared_ptr<const Block>> blocks_;  // by start address
  std::uint64_t nextPhysical_ = 0x4'0000'0000;
  Counters counters_;
};

}  // namespace bpusim
