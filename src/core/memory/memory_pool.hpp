// Device memory, leased and given back. A steady loop allocates nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/memory/memory_uses.hpp"
#include "hbm_runtime/runtime.hpp"
#include "loader/driver.hpp"

namespace hbm {

struct DeviceBlock {
  explicit DeviceBlock(const hbUCPSysMem& theMemory) : memory(theMemory) {}
  const hbUCPSysMem memory;
  MemoryUses uses;  // by requests in flight, of blocks that callers see
};

// The size to lease for a tensor of any size: up to an eighth more, so that the next sizes fit as well and a program
// with ever new sizes soon allocates nothing.
[[nodiscard]] std::int64_t roomFor(std::int64_t bytes) noexcept;

// Leases go back to their pool when the last owner drops them, also after the pool was closed: then they are freed.
class MemoryPool : public std::enable_shared_from_this<MemoryPool> {
 public:
  explicit MemoryPool(const Driver& driver);
  MemoryPool(const MemoryPool&) = delete;
  MemoryPool& operator=(const MemoryPool&) = delete;
  ~MemoryPool();

  // Cached device memory of at least `size` bytes; content is undefined. Throws Error, which names model and tensor.
  [[nodiscard]] std::shared_ptr<DeviceBlock> lease(std::int64_t size, const std::string& model = {},
                                                   const std::string& tensor = {});

  // The same, zeroed, and found by findDeviceBlock.
  [[nodiscard]] std::shared_ptr<DeviceBlock> leaseForCaller(std::int64_t size, const std::string& model = {},
                                                            const std::string& tensor = {});

  // Memory that is given back by release(owner), once, and counts as leased until then. Throws only std::bad_alloc, and
  // then has given it back.
  [[nodiscard]] std::shared_ptr<DeviceBlock> adopt(void* data, std::uint64_t size, void (*release)(void*), void* owner);

  // Frees what is not leased, and from now on everything that comes back.
  void close() noexcept;

  [[nodiscard]] MemoryUsage usage() const;

 private:
  void giveBack(const hbUCPSysMem& memory) noexcept;
  void countLeased(std::int64_t bytes) noexcept;
  // These need mutex_.
  void count(std::uint64_t leased) noexcept;
  [[nodiscard]] std::optional<hbUCPSysMem> takeSurplus() noexcept;
  [[nodiscard]] std::optional<hbUCPSysMem> takeOldest() noexcept;

  const Driver& driver_;
  mutable std::mutex mutex_;
  std::vector<hbUCPSysMem> free_;  // in the order in which they came back
  std::int64_t freeBytes_ = 0;
  std::int64_t leasedBytes_ = 0;
  std::int64_t peakBytes_ = 0;  // most that pool blocks took at once
  bool closed_ = false;
};

// Finds the block that an address given by the caller lies in, among those that were shown to callers; nullptr when
// there is none.
[[nodiscard]] std::shared_ptr<DeviceBlock> findDeviceBlock(const void* address);

}  // namespace hbm
