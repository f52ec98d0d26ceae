// A task: jobs that are submitted and waited for as one.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "bpusim/extension.h"
#include "hobot/hb_ucp.h"
#include "status_text.hpp"
#include "task_interface.hpp"

namespace bpusim {

// How many jobs one task may have.
inline constexpr std::size_t kLargestBatch = 32;

// One of the driver's places for tasks, taken until destroyed.
class TaskPlace {
 public:
  TaskPlace() = default;
  explicit TaskPlace(std::atomic<std::size_t>* taken) : taken_(taken) {}
  TaskPlace(TaskPlace&& other) noexcept : taken_(other.taken_) { other.taken_ = nullptr; }
  TaskPlace& operator=(TaskPlace&& other) noexcept {
    std::swap(taken_, other.taken_);
    return *this;
  }
  ~TaskPlace() {
    if (taken_ != nullptr) {
      taken_->fetch_sub(1);
    }
  }

 private:
  std::atomic<std::size_t>* taken_ = nullptr;
};

// Where a task stands in the scheduler's order, and where it may run. The scheduler's property once submitted.
struct Placement {
  std::int32_t priority = 0;
  std::int64_t customId = 0;
  std::uint64_t arrival = 0;
  std::uint32_t cores = 0;  // bits of the cores that it may run on; all of them at once when width > 1
  std::int32_t width = 1;
  std::uint32_t occupied = 0;  // bits of the cores that it holds now
};

class Task {
 public:
  explicit Task(std::unique_ptr<Job> job, TaskPlace place = {});

  // The handle that the callback is given.
  void setHandle(hbUCPTaskHandle_t handle) { handle_ = handle; }

  // -- for clients: a status each, with the text noted
  [[nodiscard]] std::int32_t append(std::unique_ptr<Job> job);
  [[nodiscard]] std::int32_t setCallback(hbUCPTaskDoneCb callback, void* userdata);
  [[nodiscard]] std::int32_t beginSubmit();  // created -> submitted
  void undoSubmit();
  [[nodiscard]] std::int32_t wait(std::int32_t timeoutMs);
  [[nodiscard]] std::int32_t withEndedJob(std::int32_t subTask, std::int32_t (*visit)(Job*, void*), void* context);
  [[nodiscard]] std::int32_t times(bpusimTaskTimes& times);
  // The client gives its handle back. Frees everything now, or when the task has ended.
  void release();

  // -- for the scheduler
  [[nodiscard]] std::int32_t cores() const { return cores_; }
  // After it was submitted: true of all its jobs.
  [[nodiscard]] bool isLikeTheLast() const noexcept;
  // On a worker: runs the next job. True when there is another one to run.
  [[nodiscard]] bool runNext() noexcept;
  // Ends a task that did not run, or did not run to its end.
  void giveUp(std::int32_t status, const char* text);
  // Calls the callback, with no lock held. Then finish() lets those go on who wait.
  void callBack();
  void finish();
  // From any thread: the running job shall end soon, and the task ends with status whatever the job returns.
  void terminate(std::int32_t status, const char* text);

  Placement placement;

 private:
  // kEnded: the status is known and the callback runs. kDone: waiting threads have been let go.
  enum class State : std::uint8_t { kCreated, kSubmitted, kEnded, kDone };

  [[nodiscard]] std::int32_t runJob(Job& job) noexcept;
  // under mutex_
  [[nodiscard]] const char* errorText() const { return error_.empty() ? statusText(status_) : error_.c_str(); }
  void logFailure() const noexcept;
  void end();
  void dropIfOver();

  std::mutex mutex_;
  std::condition_variable done_;
  State state_ = State::kCreated;
  std::vector<std::unique_ptr<Job>> jobs_;
  std::size_t next_ = 0;
  Job* running_ = nullptr;
  std::int32_t cores_;
  hbUCPTaskHandle_t handle_ = nullptr;
  hbUCPTaskDoneCb callback_ = nullptr;
  void* userdata_ = nullptr;
  std::thread::id callbackThread_;
  std::int32_t status_ = 0;
  std::string error_;
  bpusimTaskTimes times_{0, 0, 0, -1};
  bool terminated_ = false;
  bool released_ = false;
  std::atomic<bool> goOn_{false};  // ends a hold by faults
  TaskPlace place_;
};

}  // namespace bpusim
