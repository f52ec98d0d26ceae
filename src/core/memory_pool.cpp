#include "core/memory_pool.hpp"

#include <algorithm>

#include "core/status.hpp"

namespace hbm {
namespace {

// Beyond this many free blocks the oldest are freed: models with ever new shapes must not hoard.
constexpr std::size_t kMaxFreeBlocks = 64;

// Tried once more when it fails; nobody could be told.
void free(const Driver& driver, hbUCPSysMem memory) {
  if (driver.hbUCPFree(&memory) != 0) {
    static_cast<void>(driver.hbUCPFree(&memory));
  }
}

// A block serves a request when it wastes at most this much.
bool fits(const hbUCPSysMem& block, std::uint64_t size) {
  return block.memSize >= size && block.memSize <= size + size / 4 + 4096;
}

}  // namespace

MemoryPool::~MemoryPool() { close(); }

std::shared_ptr<hbUCPSysMem> MemoryPool::lease(std::int64_t size) {
  const auto wanted = static_cast<std::uint64_t>(std::max<std::int64_t>(size, 1));
  hbUCPSysMem memory{};
  {
    const std::lock_guard lock(mutex_);
    const auto last = std::find_if(free_.rbegin(), free_.rend(), [=](const auto& block) { return fits(block, wanted); });
    if (last != free_.rend()) {
      memory = *last;
      free_.erase(std::next(last).base());
      leasedBytes_ += static_cast<std::int64_t>(memory.memSize);
    }
  }
  if (memory.virAddr == nullptr) {
    check(driver_, "hbUCPMallocCached", driver_.hbUCPMallocCached(&memory, wanted, 0));
    const std::lock_guard lock(mutex_);
    leasedBytes_ += static_cast<std::int64_t>(memory.memSize);
  }
  // One allocation for the block and its count; the deleter keeps the pool.
  return {std::make_unique<hbUCPSysMem>(memory).release(), [pool = shared_from_this()](hbUCPSysMem* block) {
            const std::unique_ptr<hbUCPSysMem> owned(block);
            pool->giveBack(*owned);
          }};
}

void MemoryPool::giveBack(const hbUCPSysMem& memory) noexcept {
  if (Driver::forked()) {
    return;
  }
  hbUCPSysMem surplus = memory;
  {
    const std::lock_guard lock(mutex_);
    leasedBytes_ -= static_cast<std::int64_t>(memory.memSize);
    if (!closed_) {
      free_.push_back(memory);
      if (free_.size() <= kMaxFreeBlocks) {
        return;
      }
      surplus = free_.front();
      free_.erase(free_.begin());
    }
  }
  free(driver_, surplus);
}

void MemoryPool::close() noexcept {
  if (Driver::forked()) {
    return;
  }
  std::vector<hbUCPSysMem> blocks;
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    blocks.swap(free_);
  }
  for (const hbUCPSysMem& block : blocks) {
    free(driver_, block);
  }
}

MemoryPool::Usage MemoryPool::usage() const {
  const std::lock_guard lock(mutex_);
  std::int64_t freeBytes = 0;
  for (const hbUCPSysMem& block : free_) {
    freeBytes += static_cast<std::int64_t>(block.memSize);
  }
  return {leasedBytes_, freeBytes};
}

}  // namespace hbm
