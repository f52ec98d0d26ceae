#include "core/memory/memory_pool.hpp"

#include <algorithm>
#include <cstring>
#include <map>

#include "core/driver/status.hpp"

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

// Blocks that callers see, by address. Never destroyed: they may die with static objects.
struct ShownBlocks {
  std::mutex mutex;
  std::map<const void*, std::weak_ptr<DeviceBlock>> blocks;
  std::atomic<std::size_t> count{0};
};

ShownBlocks& shownBlocks() {
  static auto* blocks = std::make_unique<ShownBlocks>().release();
  return *blocks;
}

// A block serves a request when it wastes at most this much.
bool fits(const hbUCPSysMem& block, std::uint64_t size) {
  return block.memSize >= size && block.memSize <= size + size / 4 + 4096;
}

}  // namespace

MemoryPool::MemoryPool(const Driver& driver) : driver_(driver) {
  free_.reserve(kMaxFreeBlocks + 1);  // giving back needs no memory
}

MemoryPool::~MemoryPool() { close(); }

std::shared_ptr<DeviceBlock> MemoryPool::lease(std::int64_t size, const std::string& model, const std::string& tensor) {
  const auto wanted = static_cast<std::uint64_t>(std::max<std::int64_t>(size, 1));
  hbUCPSysMem memory{};
  {
    const std::lock_guard lock(mutex_);
    const auto last =
        std::find_if(free_.rbegin(), free_.rend(), [=](const auto& block) { return fits(block, wanted); });
    if (last != free_.rend()) {
      memory = *last;
      free_.erase(std::next(last).base());
      leasedBytes_ += static_cast<std::int64_t>(memory.memSize);
    }
  }
  if (memory.virAddr == nullptr) {
    check(driver_, "hbUCPMallocCached", driver_.hbUCPMallocCached(&memory, wanted, 0), model, tensor);
    const std::lock_guard lock(mutex_);
    leasedBytes_ += static_cast<std::int64_t>(memory.memSize);
  }
  const auto giveBackTaken = [this](const hbUCPSysMem* taken) { giveBack(*taken); };
  std::unique_ptr<const hbUCPSysMem, decltype(giveBackTaken)> taken(&memory, giveBackTaken);
  auto block = std::make_unique<DeviceBlock>(memory);
  static_cast<void>(taken.release());
  // The deleter keeps the pool.
  return {block.release(), [pool = shared_from_this()](DeviceBlock* leased) {
            const std::unique_ptr<DeviceBlock> owned(leased);
            pool->giveBack(owned->memory);
          }};
}

std::shared_ptr<DeviceBlock> MemoryPool::leaseShown(std::int64_t size, const std::string& model,
                                                    const std::string& tensor) {
  const std::shared_ptr<DeviceBlock> block = lease(size, model, tensor);
  std::memset(block->memory.virAddr, 0, block->memory.memSize);
  // Made before it is noted: a failure would take the lock to remove it again.
  std::shared_ptr<DeviceBlock> made(block.get(), [block](DeviceBlock* /*same*/) {
    if (Driver::forked()) {
      return;
    }
    ShownBlocks& all = shownBlocks();
    const std::lock_guard guard(all.mutex);
    all.blocks.erase(block->memory.virAddr);
    all.count.store(all.blocks.size());
  });
  ShownBlocks& shown = shownBlocks();
  const std::lock_guard lock(shown.mutex);
  shown.blocks[block->memory.virAddr] = block;
  shown.count.store(shown.blocks.size());
  return made;
}

std::shared_ptr<DeviceBlock> MemoryPool::adopt(void* data, std::uint64_t size, void (*release)(void*), void* owner) {
  const auto free = [release](void* adopted) {
    if (!Driver::forked()) {
      release(adopted);
    }
  };
  std::unique_ptr<void, decltype(free)> owned(owner, free);
  auto block = std::make_unique<DeviceBlock>(hbUCPSysMem{0, data, size});
  const auto bytes = static_cast<std::int64_t>(size);
  countLeased(bytes);
  const auto giveBack = [pool = shared_from_this(), free, bytes, owner](DeviceBlock* adopted) {
    const std::unique_ptr<DeviceBlock> last(adopted);
    pool->countLeased(-bytes);
    free(owner);
  };
  static_cast<void>(owned.release());  // giveBack's from here on, also when there is no memory for the shared owner
  return {block.release(), giveBack};
}

void MemoryPool::countLeased(std::int64_t bytes) noexcept {
  const std::lock_guard lock(mutex_);
  leasedBytes_ += bytes;
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

MemoryUsage MemoryPool::usage() const {
  const std::lock_guard lock(mutex_);
  std::int64_t freeBytes = 0;
  for (const hbUCPSysMem& block : free_) {
    freeBytes += static_cast<std::int64_t>(block.memSize);
  }
  return {leasedBytes_, freeBytes};
}

std::shared_ptr<DeviceBlock> findDeviceBlock(const void* address) {
  ShownBlocks& shown = shownBlocks();
  if (shown.count.load(std::memory_order_relaxed) == 0) {
    return nullptr;
  }
  const std::lock_guard lock(shown.mutex);
  auto after = shown.blocks.upper_bound(address);
  if (after == shown.blocks.begin()) {
    return nullptr;
  }
  const std::shared_ptr<DeviceBlock> block = std::prev(after)->second.lock();
  if (block == nullptr) {
    return nullptr;
  }
  const auto* start = static_cast<const char*>(block->memory.virAddr);
  return static_cast<const char*>(address) < start + block->memory.memSize ? block : nullptr;
}

}  // namespace hbm
