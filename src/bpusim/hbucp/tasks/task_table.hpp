// Task handles. A handle is a number with a slot and a generation, not an address: one that was released, made up or
// never set is distinguished from a live one without touching what it points to.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "hbucp/tasks/task.hpp"
#include "hobot/hb_ucp.h"

namespace bpusim {

class TaskTable {
 public:
  // Never destroyed: handles may be used while the process exits.
  static TaskTable& instance();

  explicit TaskTable(std::size_t limit) : limit_(limit) {}

  // A new task with this job, or TASK_NUMBER_EXCEED_LIMIT. *handle is set on success only.
  [[nodiscard]] std::int32_t create(std::unique_ptr<Job> job, hbUCPTaskHandle_t* handle);

  // The task of a live handle; otherwise nullptr, with TASK_HANDLE_INVALID noted.
  [[nodiscard]] std::shared_ptr<Task> find(hbUCPTaskHandle_t handle);

  // Makes the handle invalid and returns its task; nullptr as find().
  [[nodiscard]] std::shared_ptr<Task> remove(hbUCPTaskHandle_t handle);

  [[nodiscard]] std::int64_t liveHandles();

 private:
  struct Slot {
    std::uint64_t generation = 1;
    std::shared_ptr<Task> task;
  };

  [[nodiscard]] Slot* slotOf(hbUCPTaskHandle_t handle);

  const std::size_t limit_;
  std::atomic<std::size_t> taken_{0};  // places; also by tasks that were released and have not ended
  std::mutex mutex_;
  std::vector<Slot> slots_;
  std::vector<std::size_t> freeSlots_;
};

}  // namespace bpusim
