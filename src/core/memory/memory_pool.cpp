#include "core/memory/memory_pool.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <map>

#include "core/driver/status.hpp"
#include "never_destroyed.hpp"

namespace hbm {
namespace {

// Beyond this many free blocks, or this many times the memory that was ever in use at once, the oldest are freed:
// models with ever new shapes must not hoard.
constexpr std::size_t kMaxFreeBlocks = 64;
constexpr std::int64_t kMaxFreeFactor = 8;
constexpr std::int64_t kMinFreeBytes = std::int64_t{1} << 20U;

// Tried once more when it fails, since nobody could handle the error.
void free(const Driver& driver, hbUCPSysMem memory) {
  if (driver.hbUCPFree(&memory) != 0) {
    static_cast<void>(driver.hbUCPFree(&memory));
  }
}

// Blocks that callers see, by address. Never destroyed: they may die with static objects.
struct CallerBlocks {
  std::mutex mutex;
  std::map<const void*, std::weak_ptr<DeviceBlock>> blocks;
  std::atomic<std::size_t> count{0};
};

CallerBlocks& callerBlocks() {
  static NeverDestroyed<CallerBlocks> blocks;
  return *blocks;
}

// A block serves a request when it wastes at most this much.
bool fits(const hbUCPSysMem& block, std::uint64_t size) {
  return block.memSize >= size && block.memSize <= size + size / 4 + 4096;
}

}  // namespace

std::int64_t roomFor(std::int64_t bytes) noexcept {
  if (bytes < 64) {
    return 64;
  }
  std::int64_t step = 8;
  while (step <= bytes / 16) {
    step *= 2;
  }
  return bytes > std::numeric_limits<std::int64_t>::max() - step ? bytes : (bytes + step - 1) / step * step;
}

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
      freeBytes_ -= static_cast<std::int64_t>(memory.memSize);
      count(memory.memSize);
    }
  }
  if (memory.virAddr == nullptr) {
    check(driver_, "hbUCPMallocCached", driver_.hbUCPMallocCached(&memory, wanted, 0), model, tensor);
    const std::lock_guard lock(mutex_);
    count(memory.memSize);
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

std::shared_ptr<DeviceBlock> MemoryPool::leaseForCaller(std::int64_t size, const std::string& model,
                                                        const std::string& tensor) {
  const std::shared_ptr<DeviceBlock> block = lease(size, model, tensor);
  std::memset(block->memory.virAddr, 0, block->memory.memSize);
  // Made before it is noted: a failure would take the lock to remove it again.
  std::shared_ptr<DeviceBlock> made(block.get(), [block](DeviceBlock* /*same*/) {
    if (Driver::forked()) {
      return;
    }
    CallerBlocks& all = callerBlocks();
    const std::lock_guard guard(all.mutex);
    all.blocks.erase(block->memory.virAddr);
    all.count.store(all.blocks.size());
  });
  CallerBlocks& shown = callerBlocks();
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

void MemoryPool::count(std::uint64_t leased) noexcept {
  leasedBytes_ += static_cast<std::int64_t>(leased);
  peakBytes_ = std::max(peakBytes_, leasedBytes_);
}

void MemoryPool::giveBack(const hbUCPSysMem& memory) noexcept {
  if (Driver::forked()) {
    return;
  }
  std::optional<hbUCPSysMem> surplus = memory;
  {
    const std::lock_guard lock(mutex_);
    leasedBytes_ -= static_cast<std::int64_t>(memory.memSize);
    if (!closed_) {
      surplus = free_.size() < kMaxFreeBlocks ? std::nullopt : takeOldest();
      free_.push_back(memory);
      freeBytes_ += static_cast<std::int64_t>(memory.memSize);
      surplus = surplus ? surplus : takeSurplus();
    }
  }
  while (surplus) {
    free(driver_, *surplus);
    const std::lock_guard lock(mutex_);
    surplus = takeSurplus();
  }
}

std::optional<hbUCPSysMem> MemoryPool::takeSurplus() noexcept {
  return freeBytes_ > std::max(kMinFreeBytes, kMaxFreeFactor * peakBytes_) ? takeOldest() : std::nullopt;
}

std::optional<hbUCPSysMem> MemoryPool::takeOldest() noexcept {
  if (free_.empty()) {
    return std::nullopt;
  }
  const hbUCPSysMem oldest = free_.front();
  free_.erase(free_.begin());
  freeBytes_ -= static_cast<std::int64_t>(oldest.memSize);
  return oldest;
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
    freeBytes_ = 0;
  }
  for (const hbUCPSysMem& block : blocks) {
    free(driver_, block);
  }
}

MemoryUsage MemoryPool::usage() const {
  const std::lock_guard lock(mutex_);
  return {leasedBytes_, freeBytes_};
}

std::shared_ptr<DeviceBlock> findDeviceBlock(const void* address) {
  CallerBlocks& shown = callerBlocks();
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
