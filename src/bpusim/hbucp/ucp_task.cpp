// hbUCPSubmitTask, hbUCPWaitTaskDone, hbUCPSetTaskDoneCb, hbUCPReleaseTask.
#include "hbucp/entry.hpp"
#include "hbucp/tasks/scheduler.hpp"
#include "hbucp/tasks/task_table.hpp"
#include "hobot/hb_ucp.h"

namespace {

using bpusim::guarded;
using bpusim::reportFailure;
using bpusim::TaskTable;

// action(task) for the task of a live handle.
template <class Action>
std::int32_t withTask(hbUCPTaskHandle_t handle, Action&& action) {
  const std::shared_ptr<bpusim::Task> task = TaskTable::instance().find(handle);
  return task != nullptr ? action(task) : HB_UCP_TASK_HANDLE_INVALID;
}

}  // namespace

extern "C" {

std::int32_t hbUCPSubmitTask(hbUCPTaskHandle_t handle, hbUCPSchedParam* parameters) {
  return guarded(__func__, [&] {
    return withTask(handle, [&](const auto& task) { return bpusim::Scheduler::instance().submit(task, parameters); });
  });
}

std::int32_t hbUCPWaitTaskDone(hbUCPTaskHandle_t handle, std::int32_t timeoutMs) {
  return guarded(__func__, [&] {
    if (timeoutMs < 0) {
      return reportFailure(HB_UCP_INVALID_ARGUMENT, "timeout is negative; it is in milliseconds, and 0 waits for ever");
    }
    return withTask(handle, [&](const auto& task) { return task->wait(timeoutMs); });
  });
}

std::int32_t hbUCPSetTaskDoneCb(hbUCPTaskHandle_t handle, hbUCPTaskDoneCb callback, void* userdata) {
  return guarded(__func__, [&] {
    return withTask(handle, [&](const auto& task) { return task->setCallback(callback, userdata); });
  });
}

std::int32_t hbUCPReleaseTask(hbUCPTaskHandle_t handle) {
  return guarded(__func__, [&]() -> std::int32_t {
    const std::shared_ptr<bpusim::Task> task = TaskTable::instance().remove(handle);
    if (task == nullptr) {
      return HB_UCP_TASK_HANDLE_INVALID;
    }
    task->release();
    return HB_UCP_SUCCESS;
  });
}

}  // extern "C"
