// A program that uses libhbucp in the way its argument names, for tests that need a process of their own. Prints what
// it sees, one "name=value" a line; returns 0 when it came to its end.
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <string>
#include <string_view>
#include <thread>

#include "jobs.hpp"

using jobs::Behaviour;
using jobs::driver;
using jobs::extension;
using jobs::Gate;
using jobs::Task;

namespace {

void print(const char* name, const std::string& value) {
  std::printf("%s=%s\n", name, value.c_str());
  std::fflush(stdout);
}

void print(const char* name, std::int64_t value) { print(name, std::to_string(value)); }

// Never destroyed: exit() in the child of a fork would wait for threads that only the parent has.
Gate& endless() {
  static Gate& gate = *std::make_unique<Gate>().release();
  return gate;
}

int soc() {
  print("name", hbUCPGetSocName());
  print("version", hbUCPGetVersion());
  print("march", driver().platform()->march);
  print("cores", driver().platform()->cores);
  print("alignment", driver().platform()->strideAlignment);
  print("chosen", driver().platform()->chosen ? 1 : 0);
  std::int32_t cores = 0;
  std::int32_t alignment = 0;
  extension().getCoreCount(&cores);
  extension().getStrideAlignment(&alignment);
  print("extension", std::to_string(cores) + " " + std::to_string(alignment));
  return 0;
}

// Which backends a task may name; "+" accepted, "-" refused.
int backends() {
  std::string answers;
  for (const std::uint64_t backend : {HB_UCP_CORE_ANY, HB_UCP_BPU_CORE_ANY, HB_UCP_BPU_CORE_0, HB_UCP_BPU_CORE_1,
                                      HB_UCP_BPU_CORE_0 | HB_UCP_BPU_CORE_1, HB_UCP_BPU_CORE_3}) {
    Task task([] { return HB_UCP_SUCCESS; });
    answers += task.submit({0, 0, backend}) == HB_UCP_SUCCESS && task.wait() == HB_UCP_SUCCESS ? '+' : '-';
  }
  print("backends", answers);
  return 0;
}

int tasks() {
  std::deque<Task> all;
  std::int32_t status = HB_UCP_SUCCESS;
  while (status == HB_UCP_SUCCESS && all.size() < 10000) {
    all.emplace_back();
    status = all.back().append([] { return HB_UCP_SUCCESS; });
  }
  print("tasks", static_cast<std::int64_t>(all.size()) - 1);
  print("status", status);
  return 0;
}

int memory() {
  hbUCPSysMem mem{};
  print("malloc", hbUCPMallocCached(&mem, 100, 0));
  print("error", extension().lastError());
  print("free", hbUCPFree(&mem));
  return 0;
}

int threads() {
  Task task([] { return HB_UCP_SUCCESS; });
  task.submit();
  task.wait();
  // The names are what tools such as top show.
  for (int id = 0; id < 4; ++id) {
    const std::string command =
        "cat /proc/" + std::to_string(getpid()) + "/task/*/comm | grep -cx bpusim-core" + std::to_string(id);
    [[maybe_unused]] const int status = std::system(command.c_str());
  }
  return 0;
}

// The CPUs that each core's thread may run on.
int cpus() {
  for (std::size_t core = 0; core < 4; ++core) {
    std::string cpus;
    Task task([&cpus] {
      cpu_set_t set;
      CPU_ZERO(&set);
      sched_getaffinity(0, sizeof set, &set);
      for (std::size_t cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
        cpus += CPU_ISSET(cpu, &set) ? std::to_string(cpu) + " " : "";
      }
      return HB_UCP_SUCCESS;
    });
    task.submit({0, 0, std::uint64_t{1} << core});
    task.wait();
    print("cpus", cpus);
  }
  return 0;
}

// --- ends of the process with work in flight; the tasks are never released

template <class What>
hbUCPTaskHandle_t taskOf(What what) {
  hbUCPTaskHandle_t handle = nullptr;
  CHECK_EQ(driver().append(&handle, jobs::make(std::move(what))), HB_UCP_SUCCESS);
  return handle;
}

// A task that ends when it is terminated.
hbUCPTaskHandle_t obedient(Gate& running) {
  static std::atomic<bool> stop{false};
  Behaviour behaviour;
  behaviour.run = [&running] {
    running.open();
    while (!stop) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return HB_UCP_TASK_RUN_FAILED;
  };
  behaviour.terminate = [] { stop = true; };
  return taskOf(std::move(behaviour));
}

// One on each core, and more behind them.
void fillCores(Gate& running) {
  for (std::uint64_t core = 0; core < 12; ++core) {
    hbUCPSubmitTask(obedient(running), nullptr);
  }
}

int exitWhileRunning() {
  Gate& running = endless();
  fillCores(running);
  running.pass();
  return 0;
}

int exitWhileAnotherThreadWaits() {
  Gate& running = endless();
  fillCores(running);
  hbUCPTaskHandle_t handle = taskOf([] { return HB_UCP_SUCCESS; });
  hbUCPSubmitTask(handle, nullptr);
  std::thread([handle] { hbUCPWaitTaskDone(handle, 0); }).detach();
  running.pass();
  return 0;
}

// A job that does not listen, as an operator in the engine that takes long.
int exitWhileStubborn() {
  Gate& running = endless();
  const auto sleep = [&running] {
    running.open();
    std::this_thread::sleep_for(std::chrono::seconds(30));
    return HB_UCP_SUCCESS;
  };
  hbUCPSubmitTask(taskOf(sleep), nullptr);
  running.pass();
  return 0;
}

// A thread of the program computes in place of a core.
int exitWhileGuestRuns() {
  Gate& running = endless();
  std::thread([&running] { extension().submitHere(obedient(running), nullptr); }).detach();
  running.pass();
  return 0;
}

template <bool kGuest>
int exitInCallback() {
  Task task([] { return HB_UCP_SUCCESS; });
  hbUCPSetTaskDoneCb(task.handle, [](hbUCPTaskHandle_t, std::int32_t, void*) { std::exit(0); }, nullptr);
  kGuest ? extension().submitHere(task.handle, nullptr) : task.submit();
  std::this_thread::sleep_for(jobs::kPatience);
  return 1;
}

int exitWhileHanging() {
  extension().setFaults("task:hang; core1:lost@5s..");
  Task task([] { return HB_UCP_SUCCESS; });
  task.submit();
  hbUCPWaitTaskDone(task.handle, 5);
  task.handle = nullptr;
  return 0;
}

// A program's global object that cleans up after the driver's own end.
struct Global {
  hbUCPSysMem mem{};
  hbUCPTaskHandle_t ended = nullptr;
  hbUCPTaskHandle_t queued = nullptr;
  bool used = false;

  ~Global() {
    if (!used) {
      return;
    }
    print("wait ended", hbUCPWaitTaskDone(ended, 0));
    print("wait queued", hbUCPWaitTaskDone(queued, 0));
    print("release", hbUCPReleaseTask(ended) + hbUCPReleaseTask(queued));
    hbUCPTaskHandle_t late = nullptr;
    print("create", driver().append(&late, jobs::make([] { return HB_UCP_SUCCESS; })));
    print("submit", hbUCPSubmitTask(late, nullptr));
    print("release late", hbUCPReleaseTask(late));
    print("free", hbUCPFree(&mem));
    print("free again", hbUCPFree(&mem));
    print("live", jobs::live().tasks + jobs::live().allocations);
  }
} global;

int exitWithGlobals() {
  Gate& running = endless();
  global.used = true;
  hbUCPMallocCached(&global.mem, 1000, 0);
  if (driver().append(&global.ended, jobs::make([] { return HB_UCP_SUCCESS; })) != HB_UCP_SUCCESS) {
    return 1;
  }
  hbUCPSubmitTask(global.ended, nullptr);
  hbUCPWaitTaskDone(global.ended, 0);
  Behaviour behaviour;
  behaviour.run = [&running] { return running.pass() ? HB_UCP_SUCCESS : HB_UCP_TASK_RUN_FAILED; };
  behaviour.terminate = [&running] { running.open(); };
  hbUCPTaskHandle_t blocking = nullptr;
  if (driver().append(&blocking, jobs::make(behaviour)) != HB_UCP_SUCCESS ||
      driver().append(&global.queued, jobs::make([] { return HB_UCP_SUCCESS; })) != HB_UCP_SUCCESS) {
    return 1;
  }
  hbUCPSchedParam core0{0, 0, HB_UCP_BPU_CORE_0, 0};
  hbUCPSubmitTask(blocking, &core0);
  hbUCPSubmitTask(global.queued, &core0);
  running.awaitArrivals(1);
  hbUCPReleaseTask(blocking);
  return 0;
}

// --- fork

// Runs body in a child and prints how that ended.
template <class Body>
void inChild(Body body) {
  std::fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    body();
    std::exit(7);
  }
  int status = 0;
  waitpid(child, &status, 0);
  print("child", WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status));
}

int forkInUse() {
  hbUCPSysMem mem{};
  hbUCPMallocCached(&mem, 1000, 0);
  Gate& gate = endless();
  Task task([&gate] { return gate.pass() ? HB_UCP_SUCCESS : HB_UCP_TASK_RUN_FAILED; });
  task.submit();
  gate.awaitArrivals(1);
  inChild([&] {
    hbUCPSysMem other{};
    std::string statuses;
    bpusimLive live{};
    hbUCPTaskHandle_t fresh = nullptr;
    std::int32_t admitted = 0;
    for (const std::int32_t status :
         {hbUCPMalloc(&other, 8, 0), hbUCPMallocCached(&other, 8, 0), hbUCPMemFlush(&mem, 1), hbUCPFree(&mem),
          hbUCPSubmitTask(task.handle, nullptr), hbUCPWaitTaskDone(task.handle, 0),
          hbUCPSetTaskDoneCb(task.handle, nullptr, nullptr), hbUCPReleaseTask(task.handle), extension().getLive(&live),
          extension().setFaults(""), driver().admitCall("hbDNNInferV2", &admitted) ? 0 : admitted}) {
      statuses += std::to_string(status) + " ";
    }
    print("statuses", statuses);
    print("error", extension().lastError());
    print("text", std::string(hbUCPGetVersion()) + " " + hbUCPGetErrorDesc(0));
    task.handle = fresh;
  });
  gate.open();
  print("wait", task.wait());
  print("free", hbUCPFree(&mem));
  return 0;
}

int forkBeforeUse() {
  print("version", hbUCPGetVersion());
  std::int32_t cores = 0;
  extension().getCoreCount(&cores);
  inChild([] {
    Task task([] { return HB_UCP_SUCCESS; });
    print("submit", task.submit());
    print("wait", task.wait());
  });
  Task task([] { return HB_UCP_SUCCESS; });
  print("parent", task.submit() + task.wait());
  return 0;
}

struct Command {
  std::string_view name;
  int (*run)();
};

constexpr Command kCommands[] = {
    {"soc", soc},
    {"backends", backends},
    {"tasks", tasks},
    {"memory", memory},
    {"threads", threads},
    {"cpus", cpus},
    {"exit-while-running", exitWhileRunning},
    {"exit-while-another-thread-waits", exitWhileAnotherThreadWaits},
    {"exit-while-stubborn", exitWhileStubborn},
    {"exit-in-callback", exitInCallback<false>},
    {"exit-while-a-guest-runs", exitWhileGuestRuns},
    {"exit-in-callback-of-guest", exitInCallback<true>},
    {"exit-while-hanging", exitWhileHanging},
    {"exit-with-globals", exitWithGlobals},
    {"fork-in-use", forkInUse},
    {"fork-before-use", forkBeforeUse},
};

}  // namespace

int main(int argc, char** argv) {
  for (const Command& command : kCommands) {
    if (argc == 2 && command.name == argv[1]) {
      return command.run();
    }
  }
  std::fprintf(stderr, "usage: %s COMMAND\n", argv[0]);
  return 2;
}
