#include "hbucp/tasks/task_table.hpp"

#include <optional>
#include <string>
#include <utility>

#include "hbucp/base/failure.hpp"
#include "hbucp/base/settings.hpp"
#include "hbucp/base/status_page.hpp"
#include "never_destroyed.hpp"

namespace bpusim {
namespace {

// A handle from high to low: 16 bits of tag, 36 of generation, 12 of slot. The tag makes it no address that a program
// could hold.
constexpr unsigned kSlotBits = 12;
constexpr unsigned kGenerationBits = 36;
constexpr std::uint64_t kTag = 0xB905;
static_assert(kLargestTaskLimit <= std::size_t{1} << kSlotBits);

struct HandleParts {
  std::size_t slot;
  std::uint64_t generation;
};

hbUCPTaskHandle_t encode(HandleParts parts) {
  const std::uint64_t value = kTag << (kSlotBits + kGenerationBits) | parts.generation << kSlotBits | parts.slot;
  return reinterpret_cast<hbUCPTaskHandle_t>(static_cast<std::uintptr_t>(value));
}

std::optional<HandleParts> decode(hbUCPTaskHandle_t handle) {
  const auto value = std::uint64_t{reinterpret_cast<std::uintptr_t>(handle)};
  if (value >> (kSlotBits + kGenerationBits) != kTag) {
    return std::nullopt;
  }
  return HandleParts{static_cast<std::size_t>(value & ((1U << kSlotBits) - 1)),
                     value >> kSlotBits & ((std::uint64_t{1} << kGenerationBits) - 1)};
}

}  // namespace

TaskTable& TaskTable::instance() {
  static hbm::NeverDestroyed<TaskTable> table(settings().taskLimit);
  return *table;
}

std::int32_t TaskTable::create(std::unique_ptr<Job> job, hbUCPTaskHandle_t* handle) {
  std::size_t taken = taken_.load();
  while (taken < limit_ && !taken_.compare_exchange_weak(taken, taken + 1)) {
  }
  if (taken >= limit_) {
    return reportFailure(
        HB_UCP_TASK_NUMBER_EXCEED_LIMIT,
        std::to_string(limit_) + " tasks are alive, the most (HB_UCP_MAX_TASK_NUM); every task must be released",
        LogLevel::kInfo);
  }
  auto task = std::make_shared<Task>(std::move(job), TaskPlace(&taken_));
  const std::lock_guard lock(mutex_);
  if (freeSlots_.empty()) {
    freeSlots_.reserve(slots_.size() + 1);  // first: a slot that neither is free nor has a task would count as a handle
    slots_.emplace_back();
    freeSlots_.push_back(slots_.size() - 1);
  }
  const std::size_t slot = freeSlots_.back();
  freeSlots_.pop_back();
  *handle = encode({slot, slots_[slot].generation});
  task->setHandle(*handle);
  slots_[slot].task = std::move(task);
  StatusPage::instance().showTasks(static_cast<std::int64_t>(slots_.size() - freeSlots_.size()));
  return HB_UCP_SUCCESS;
}

std::shared_ptr<Task> TaskTable::find(hbUCPTaskHandle_t handle) {
  const std::lock_guard lock(mutex_);
  const Slot* slot = slotOf(handle);
  return slot != nullptr ? slot->task : nullptr;
}

std::shared_ptr<Task> TaskTable::remove(hbUCPTaskHandle_t handle) {
  const std::lock_guard lock(mutex_);
  Slot* slot = slotOf(handle);
  if (slot == nullptr) {
    return nullptr;
  }
  freeSlots_.push_back(static_cast<std::size_t>(slot - slots_.data()));
  slot->generation = (slot->generation + 1) & ((std::uint64_t{1} << kGenerationBits) - 1);
  StatusPage::instance().showTasks(static_cast<std::int64_t>(slots_.size() - freeSlots_.size()));
  return std::move(slot->task);
}

std::int64_t TaskTable::liveHandles() {
  const std::lock_guard lock(mutex_);
  return static_cast<std::int64_t>(slots_.size() - freeSlots_.size());
}

TaskTable::Slot* TaskTable::slotOf(hbUCPTaskHandle_t handle) {
  const std::optional<HandleParts> parts = decode(handle);
  const char* problem = nullptr;
  if (handle == nullptr) {
    problem = "the task handle is NULL";
  } else if (!parts || parts->slot >= slots_.size() || parts->generation > slots_[parts->slot].generation) {
    problem = "this is no handle of a task";
  } else if (parts->generation < slots_[parts->slot].generation || slots_[parts->slot].task == nullptr) {
    problem = "the task has been released";
  } else {
    return &slots_[parts->slot];
  }
  [[maybe_unused]] const std::int32_t noted = reportFailure(HB_UCP_TASK_HANDLE_INVALID, problem);
  return nullptr;
}

}  // namespace bpusim
