// libhbucp.so of the test drivers.
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>

#include "drivers/tasks.hpp"

// The settings that this driver starts with: of a file that the build makes for each driver.
extern const char* const kTestDriverDefaults;

namespace testdriver {
namespace {

enum class State : std::uint8_t { kCreated, kRunning, kDone };

struct Task {
  std::vector<hbDNNTensor> inputs;
  std::vector<hbDNNTensor> outputs;
  hbUCPTaskDoneCb callback = nullptr;
  void* userdata = nullptr;
  std::int32_t status = 0;
  bool timedOut = false;
  std::atomic<State> state{State::kCreated};
};

// Guards the held tasks, the submissions and the settings of tasks that are no atomics.
std::mutex& mutex() {
  static std::mutex& instance = *std::make_unique<std::mutex>().release();
  return instance;
}

std::condition_variable& changed() {
  static std::condition_variable& instance = *std::make_unique<std::condition_variable>().release();
  return instance;
}

std::deque<Task*>& held() {
  static std::deque<Task*>& instance = *std::make_unique<std::deque<Task*>>().release();
  return instance;
}

std::vector<hbUCPSchedParam>& submitted() {
  static auto& instance = *std::make_unique<std::vector<hbUCPSchedParam>>().release();
  return instance;
}

std::atomic<bool> recording{false};
std::atomic<std::int64_t> refusalsLeft{0};

void configure(const char* text);
std::size_t finish(std::int32_t status);
std::size_t finishAll(std::int32_t status);
std::size_t submissions(hbUCPSchedParam* parameters, std::size_t capacity);

// Replaced as a whole and kept: a thread of an earlier test may still be looking at the last ones.
std::atomic<const Settings*> currentSettings{nullptr};

std::vector<std::unique_ptr<const Settings>>& allSettings() {
  static auto& all = *std::make_unique<std::vector<std::unique_ptr<const Settings>>>().release();
  return all;
}

Control& theControl() {
  static Control& instance = []() -> Control& {
    Control& made = *std::make_unique<Control>().release();
    made.configure = configure;
    made.finish = finish;
    made.finishAll = finishAll;
    made.submissions = submissions;
    const char* text = std::getenv("HBM_TEST_DRIVER");
    configure(text != nullptr ? text : "");
    return made;
  }();
  return instance;
}

// Before any thread of the program can call.
[[maybe_unused]] Control& madeAtLoad = theControl();

void configure(const char* text) {
  const std::lock_guard lock(mutex());
  Settings fresh;
  apply(kTestDriverDefaults, fresh);
  apply(text, fresh);
  refusalsLeft = fresh.refusals;
  recording = fresh.hold;
  submitted().clear();
  allSettings().push_back(std::make_unique<const Settings>(std::move(fresh)));
  currentSettings.store(allSettings().back().get());
}

void copyTensors(const Task& task) {
  for (std::size_t i = 0; i < task.inputs.size() && i < task.outputs.size(); ++i) {
    const hbUCPSysMem& from = task.inputs[i].sysMem;
    const hbUCPSysMem& to = task.outputs[i].sysMem;
    std::memcpy(to.virAddr, from.virAddr, from.memSize < to.memSize ? from.memSize : to.memSize);
  }
}

// Not under the mutex: the callback may call the driver.
void end(Task& task, std::int32_t status) {
  if (settings().copy && status == HB_UCP_SUCCESS) {
    copyTensors(task);
  }
  const hbUCPTaskDoneCb callback = task.callback;
  void* userdata = task.userdata;
  task.status = status;
  task.state.store(State::kDone, std::memory_order_release);
  if (callback != nullptr) {
    callback(&task, status, userdata);  // may release the task
  }
}

std::size_t finish(std::int32_t status) {
  Task* task = nullptr;
  {
    const std::lock_guard lock(mutex());
    if (held().empty()) {
      return 0;
    }
    task = held().front();
    held().pop_front();
  }
  end(*task, status);
  {
    // A thread between its look at the state and its wait is not missed.
    const std::lock_guard lock(mutex());
  }
  changed().notify_all();
  return 1;
}

std::size_t finishAll(std::int32_t status) {
  std::size_t count = 0;
  while (finish(status) == 1) {
    ++count;
  }
  return count;
}

std::size_t submissions(hbUCPSchedParam* parameters, std::size_t capacity) {
  const std::lock_guard lock(mutex());
  for (std::size_t i = 0; i < submitted().size() && i < capacity; ++i) {
    parameters[i] = submitted()[i];
  }
  return submitted().size();
}

Task& taskOf(hbUCPTaskHandle_t handle) { return *static_cast<Task*>(handle); }

std::int32_t allocate(hbUCPSysMem* memory, std::uint64_t size) {
  constexpr std::uint64_t kAlignment = 4096;
  void* block = std::aligned_alloc(kAlignment, (size + kAlignment - 1) / kAlignment * kAlignment);
  if (block == nullptr) {
    return HB_UCP_MEM_ALLOC_FAIL;
  }
  *memory = {reinterpret_cast<std::uintptr_t>(block), block, size};
  ++theControl().liveBlocks;
  return HB_UCP_SUCCESS;
}

}  // namespace

std::int32_t countCall(Function function) {
  Control& control = theControl();
  control.calls[function].fetch_add(1, std::memory_order_relaxed);
  if (control.failing.load(std::memory_order_relaxed) != function || control.goodCalls.fetch_sub(1) > 0 ||
      control.failures.fetch_sub(1) <= 0) {
    return HB_UCP_SUCCESS;
  }
  return control.failStatus;
}

const Settings& settings() { return *currentSettings.load(); }

hbUCPTaskHandle_t createTask(std::vector<hbDNNTensor> inputs, std::vector<hbDNNTensor> outputs) {
  if (theControl().liveTasks.fetch_add(1) >= settings().tasks) {
    --theControl().liveTasks;
    return nullptr;
  }
  auto task = std::make_unique<Task>();
  task->inputs = std::move(inputs);
  task->outputs = std::move(outputs);
  for (std::size_t i = 0; i < task->inputs.size() && i < task->outputs.size(); ++i) {
    // Dynamic ones are as the input's; they are known when the task has ended.
    const std::int64_t size = task->outputs[i].properties.alignedByteSize;
    task->outputs[i].properties = task->inputs[i].properties;
    task->outputs[i].properties.alignedByteSize = size;
  }
  return task.release();
}

const hbDNNTensorProperties* outputOf(hbUCPTaskHandle_t task, std::int32_t index) {
  const Task& of = taskOf(task);
  const auto position = static_cast<std::size_t>(index);
  return of.state == State::kDone && position < of.outputs.size() ? &of.outputs[position].properties : nullptr;
}

Refusal refusal() {
  if (refusalsLeft.load(std::memory_order_relaxed) <= 0) {
    return Refusal::kNone;
  }
  const std::int64_t left = refusalsLeft.fetch_sub(1);
  if (left <= 0) {
    return Refusal::kNone;
  }
  return left % 2 == 0 ? Refusal::kNullHandle : Refusal::kStatus;
}

}  // namespace testdriver

using testdriver::State;
using testdriver::Task;

TEST_DRIVER_API testdriver::Control* hbmTestDriverControl() { return &testdriver::theControl(); }

TEST_DRIVER_API const char* hbUCPGetVersion() { return "3.13.6"; }

TEST_DRIVER_API const char* hbUCPGetSocName() { return "D-Robotics RDK S600 test driver"; }

TEST_DRIVER_API std::int32_t hbUCPMalloc(hbUCPSysMem* mem, std::uint64_t size, std::int32_t /*deviceId*/) {
  TEST_DRIVER_COUNT_CALL(hbUCPMalloc);
  return testdriver::allocate(mem, size);
}

TEST_DRIVER_API std::int32_t hbUCPMallocCached(hbUCPSysMem* mem, std::uint64_t size, std::int32_t /*deviceId*/) {
  TEST_DRIVER_COUNT_CALL(hbUCPMallocCached);
  return testdriver::allocate(mem, size);
}

TEST_DRIVER_API std::int32_t hbUCPFree(hbUCPSysMem* mem) {
  TEST_DRIVER_COUNT_CALL(hbUCPFree);
  std::free(mem->virAddr);
  --testdriver::theControl().liveBlocks;
  return HB_UCP_SUCCESS;
}

TEST_DRIVER_API std::int32_t hbUCPMemFlush(const hbUCPSysMem* /*mem*/, std::int32_t /*flag*/) {
  TEST_DRIVER_COUNT_CALL(hbUCPMemFlush);
  return HB_UCP_SUCCESS;
}

TEST_DRIVER_API std::int32_t hbUCPSubmitTask(hbUCPTaskHandle_t handle, hbUCPSchedParam* schedParam) {
  TEST_DRIVER_COUNT_CALL(hbUCPSubmitTask);
  Task& task = testdriver::taskOf(handle);
  if (testdriver::recording.load(std::memory_order_relaxed)) {
    const std::lock_guard lock(testdriver::mutex());
    testdriver::submitted().push_back(*schedParam);
    if (testdriver::settings().hold) {
      task.state = State::kRunning;
      testdriver::held().push_back(&task);
      return HB_UCP_SUCCESS;
    }
  }
  if (const std::int64_t milliseconds = testdriver::settings().durationMs; milliseconds > 0) {
    task.state = State::kRunning;
    {
      const std::lock_guard lock(testdriver::mutex());
      testdriver::held().push_back(&task);
    }
    std::thread([milliseconds] {
      std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
      testdriver::finish(HB_UCP_SUCCESS);
    }).detach();
    return HB_UCP_SUCCESS;
  }
  testdriver::end(task, HB_UCP_SUCCESS);
  return HB_UCP_SUCCESS;
}

TEST_DRIVER_API std::int32_t hbUCPWaitTaskDone(hbUCPTaskHandle_t handle, std::int32_t timeout) {
  TEST_DRIVER_COUNT_CALL(hbUCPWaitTaskDone);
  Task& task = testdriver::taskOf(handle);
  if (task.timedOut && testdriver::settings().rewaitRefused) {
    return HB_UCP_API_USE_ERROR;
  }
  const auto done = [&task] { return task.state.load(std::memory_order_acquire) == State::kDone; };
  if (!done()) {
    std::unique_lock lock(testdriver::mutex());
    if (timeout == 0) {
      testdriver::changed().wait(lock, done);
    } else if (!testdriver::changed().wait_for(lock, std::chrono::milliseconds(timeout), done)) {
      task.timedOut = true;
      return HB_UCP_TASK_TIMEOUT;
    }
  }
  return task.status;
}

TEST_DRIVER_API std::int32_t hbUCPSetTaskDoneCb(hbUCPTaskHandle_t handle, hbUCPTaskDoneCb callback, void* userdata) {
  TEST_DRIVER_COUNT_CALL(hbUCPSetTaskDoneCb);
  if (testdriver::settings().callbackRefused) {
    return HB_UCP_OP_CMD_UNAVAILABLE;
  }
  testdriver::taskOf(handle).callback = callback;
  testdriver::taskOf(handle).userdata = userdata;
  return HB_UCP_SUCCESS;
}

TEST_DRIVER_API std::int32_t hbUCPReleaseTask(hbUCPTaskHandle_t handle) {
  TEST_DRIVER_COUNT_CALL(hbUCPReleaseTask);
  const std::unique_ptr<Task> last(&testdriver::taskOf(handle));
  --testdriver::theControl().liveTasks;
  return HB_UCP_SUCCESS;
}

TEST_DRIVER_API const char* hbUCPGetErrorDesc(std::int32_t status) {
  return status == HB_UCP_SUCCESS ? "success" : "text of the test driver";
}
