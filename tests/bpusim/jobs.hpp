// Jobs without a model: what a test needs to see a task run, and to hold it while it runs.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "bpusim/extension.h"
#include "support/check.hpp"
#include "task_interface.hpp"

namespace jobs {

// Against hangs only; no test depends on its length.
inline constexpr std::chrono::seconds kPatience{20};

inline const bpusim::TaskInterface& driver() {
  return *static_cast<const bpusim::TaskInterface*>(bpusimGetInterface(bpusim::kTaskInterfaceVersion));
}

inline const bpusimInterface& extension() {
  return *static_cast<const bpusimInterface*>(bpusimGetInterface(BPUSIM_INTERFACE_VERSION));
}

// Closed until opened; threads wait in front of it.
class Gate {
 public:
  void open() {
    // Under the lock: a thread that passes may destroy the gate at once.
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }

  // Returns whether the gate was open in time.
  bool pass() {
    std::unique_lock lock(mutex_);
    ++arrived_;
    changed_.notify_all();
    return changed_.wait_for(lock, kPatience, [&] { return open_; });
  }

  // Until so many threads have come to the gate.
  bool awaitArrivals(int count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, [&] { return arrived_ >= count; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
  int arrived_ = 0;
};

// What happened, in order; from any thread.
class Record {
 public:
  void add(std::string event) {
    const std::lock_guard lock(mutex_);
    events_.push_back(std::move(event));
  }

  std::string text() const {
    const std::lock_guard lock(mutex_);
    std::string all;
    for (const std::string& event : events_) {
      all += (all.empty() ? "" : " ") + event;
    }
    return all;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> events_;
};

struct Behaviour {
  std::function<std::int32_t()> run = [] { return HB_UCP_SUCCESS; };
  std::function<void()> terminate = [] {};
  std::function<void()> destroyed = [] {};
  std::int32_t cores = 1;
  bool isLikeTheLast = true;
  std::string error;
};

class TestJob final : public bpusim::Job {
 public:
  explicit TestJob(Behaviour behaviour) : behaviour_(std::move(behaviour)) {}
  ~TestJob() override { behaviour_.destroyed(); }

  std::int32_t run() noexcept override { return behaviour_.run(); }
  void terminate() noexcept override { behaviour_.terminate(); }
  std::int32_t cores() const noexcept override { return behaviour_.cores; }
  bool isLikeTheLast() const noexcept override { return behaviour_.isLikeTheLast; }
  const char* error() const noexcept override { return behaviour_.error.c_str(); }

 private:
  const Behaviour behaviour_;
};

inline bpusim::Job* make(Behaviour behaviour) { return std::make_unique<TestJob>(std::move(behaviour)).release(); }
inline bpusim::Job* make(std::function<std::int32_t()> run) {
  Behaviour behaviour;
  behaviour.run = std::move(run);
  return make(std::move(behaviour));
}

struct Params {
  std::int32_t priority = 0;
  std::int64_t customId = 0;
  std::uint64_t backend = HB_UCP_CORE_ANY;
  std::uint32_t deviceId = 0;
};

// A task that is released when it goes out of scope. Move-free: tests keep them in a deque or on the stack.
class Task {
 public:
  Task() = default;
  explicit Task(Behaviour behaviour) { CHECK_EQ(append(std::move(behaviour)), HB_UCP_SUCCESS); }
  explicit Task(std::function<std::int32_t()> run) { CHECK_EQ(append(std::move(run)), HB_UCP_SUCCESS); }
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;
  ~Task() {
    if (handle != nullptr) {
      hbUCPReleaseTask(handle);
    }
  }

  template <class What>
  std::int32_t append(What what) {
    return driver().append(&handle, make(std::move(what)));
  }
  std::int32_t submit(Params params = {}) {
    hbUCPSchedParam raw{params.priority, params.customId, params.backend, params.deviceId};
    return hbUCPSubmitTask(handle, &raw);
  }
  std::int32_t wait(std::chrono::milliseconds patience = kPatience) {
    return hbUCPWaitTaskDone(handle, static_cast<std::int32_t>(patience.count()));
  }
  std::int32_t release() { return hbUCPReleaseTask(std::exchange(handle, nullptr)); }

  hbUCPTaskHandle_t handle = nullptr;
};

// The arguments of a callback; note() is that callback.
struct Seen {
  std::atomic<int> calls{0};
  hbUCPTaskHandle_t handle = nullptr;
  std::int32_t status = 1;
  std::thread::id thread;
};

inline void note(hbUCPTaskHandle_t task, std::int32_t status, void* userdata) {
  auto& seen = *static_cast<Seen*>(userdata);
  seen.handle = task;
  seen.status = status;
  seen.thread = std::this_thread::get_id();
  ++seen.calls;
}

inline bpusimLive live() {
  bpusimLive now{};
  CHECK_EQ(extension().getLive(&now), HB_UCP_SUCCESS);
  return now;
}

// Keeps a core (or several) busy until opened.
class Blocker {
 public:
  explicit Blocker(Params params = {}, std::int32_t cores = 1) {
    Behaviour behaviour;
    behaviour.run = [this] { return gate_.pass() ? HB_UCP_SUCCESS : HB_UCP_TASK_RUN_FAILED; };
    behaviour.cores = cores;
    CHECK_EQ(task_.append(std::move(behaviour)), HB_UCP_SUCCESS);
    CHECK_EQ(task_.submit(params), HB_UCP_SUCCESS);
  }
  Blocker(const Blocker&) = delete;
  Blocker& operator=(const Blocker&) = delete;
  ~Blocker() {
    open();
    task_.wait();
  }

  bool running() { return gate_.awaitArrivals(1); }
  void open() { gate_.open(); }

 private:
  Gate gate_;
  Task task_;
};

}  // namespace jobs
