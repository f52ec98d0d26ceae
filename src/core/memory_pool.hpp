// Device memory, leased and given back. A steady loop allocates nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "loader/driver.hpp"

namespace hbm {

// Leases go back to their pool when the last owner drops them, also after the pool was closed: then they are freed.
class MemoryPool : public std::enable_shared_from_this<MemoryPool> {
 public:
  explicit MemoryPool(const Driver& driver) : driver_(driver) {}
  MemoryPool(const MemoryPool&) = delete;
  MemoryPool& operator=(const MemoryPool&) = delete;
  ~MemoryPool();

  // Cached device memory of at least `size` bytes; content is undefined. Throws Error.
  [[nodiscard]] std::shared_ptr<hbUCPSysMem> lease(std::int64_t size);

  // Frees what is not leased, and from now on everything that comes back.
  void close() noexcept;

  struct Usage {
    std::int64_t leasedBytes;
    std::int64_t freeBytes;
  };
  [[nodiscard]] Usage usage() const;

 private:
  void giveBack(const hbUCPSysMem& memory) noexcept;

  const Driver& driver_;
  mutable std::mutex mutex_;
  std::vector<hbUCPSysMem> free_;  // in the order in which they came back
  std::int64_t leasedBytes_ = 0;
  bool closed_ = false;
};

}  // namespace hbm
