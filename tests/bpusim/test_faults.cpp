// setFaults(): the grammar of BPUSIM_FAULT and what its rules do.
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "hobot/hb_ucp_sys.h"
#include "jobs.hpp"

using jobs::extension;
using jobs::Gate;
using jobs::live;
using jobs::Task;

namespace {

using Clock = std::chrono::steady_clock;

struct Faults {
  explicit Faults(const char* spec) {
    const std::int32_t status = extension().setFaults(spec);
    if (status != HB_UCP_SUCCESS) {
      throw check::Failure{std::string(spec) + ": " + extension().lastError()};
    }
  }
  Faults(const Faults&) = delete;
  Faults& operator=(const Faults&) = delete;
  ~Faults() { extension().setFaults(nullptr); }
};

std::int32_t allocateAndFree() {
  hbUCPSysMem mem{};
  std::int32_t status = hbUCPMallocCached(&mem, 64, 0);
  if (status == HB_UCP_SUCCESS) {
    status = hbUCPFree(&mem);
  }
  if (status != HB_UCP_SUCCESS && mem.virAddr != nullptr) {
    CHECK_EQ(hbUCPFree(&mem), HB_UCP_SUCCESS);
  }
  return status;
}

std::int32_t runEmpty(jobs::Params params = {}) {
  Task task([] { return HB_UCP_SUCCESS; });
  const std::int32_t status = task.submit(params);
  return status != HB_UCP_SUCCESS ? status : task.wait();
}

}  // namespace

TEST(wrong_rules_are_refused_with_a_text_and_change_nothing) {
  const Faults standing("hbUCPMallocCached:fail=-400001");
  for (const char* wrong : {"x",
                            "hbUCPMallocCached",
                            "hbUCPMallocCached:",
                            "hbUCPMallocCached:explode",
                            "hbUCPNothing:fail",
                            "hbUCPFree:fail@0",
                            "hbUCPFree:fail@",
                            "hbUCPFree:fail@-1",
                            "hbUCPFree:fail@3..2",
                            "hbUCPFree:fail@1..",
                            "hbUCPFree:fail@x+",
                            "hbUCPFree:fail=",
                            "hbUCPFree:fail=0",
                            "hbUCPFree:fail=5",
                            "hbUCPFree:fail=HB_UCP_SUCCESS",
                            "hbUCPFree:fail=NO_SUCH",
                            "hbUCPFree:fail=-1x",
                            "hbUCPFree:fail=-99999999999",
                            "hbUCPFree:delay",
                            "hbUCPFree:delay=5",
                            "hbUCPFree:delay=ms",
                            "hbUCPFree:delay=-1ms",
                            "hbUCPFree:delay=1h",
                            "hbUCPFree:delay=99999999s",
                            "hbUCPFree:hang",
                            "task:hang=1",
                            "task:lost",
                            "core9:lost",
                            "core-1:lost",
                            "core4:lost",
                            "core0:fail",
                            "core0:lost=3",
                            "core0:lost@5ms",
                            "core0:lost@5ms..5ms",
                            "core0:lost@9ms..5ms",
                            "core0:lost@..5ms",
                            "hbUCPFree:fail; hbUCPFree:oops",
                            "\xff:fail"}) {
    if (extension().setFaults(wrong) != HB_UCP_INVALID_ARGUMENT) {
      throw check::Failure{std::string(wrong) + " was accepted"};
    }
    CHECK(std::string(extension().lastError()).find("fault rule") == 0);
    CHECK_EQ(allocateAndFree(), HB_UCP_MEM_ALLOC_FAIL);
  }
}

TEST(every_form_of_the_grammar_is_understood) {
  for (const char* right :
       {"", " ; ;", "hbUCPFree:fail", " hbUCPFree : fail @ 2 = -400002 ; ", "hbUCPFree:fail@2+", "hbUCPFree:fail@2..3",
        "hbUCPFree:fail=HB_UCP_MEM_FREE_FAIL", "hbDNNInferV2:fail@1+=-200001", "hbUCPSubmitTask:delay=5ms",
        "hbUCPSubmitTask:delay@3=10us", "task:hang@1", "task:delay=1s", "task:fail@2=-200003", "core1:lost",
        "core1:lost@100ms..500ms", "core3:lost@1s..", "hbUCPMallocCached:fail@2=-400001;core1:lost@100ms..500ms"}) {
    const Faults faults(right);
  }
}

TEST(the_named_calls_of_a_function_fail_with_the_status_and_no_others) {
  struct Case {
    const char* spec;
    std::vector<std::int32_t> calls;
  };
  constexpr std::int32_t kOut = HB_UCP_MEM_ALLOC_FAIL;
  const std::vector<Case> cases = {
      {"hbUCPMallocCached:fail=-400001", {kOut, kOut, kOut}},
      {"hbUCPMallocCached:fail@1=HB_UCP_MEM_ALLOC_FAIL", {kOut, 0, 0}},
      {"hbUCPMallocCached:fail@2=-400001", {0, kOut, 0}},
      {"hbUCPMallocCached:fail@3+=-400001", {0, 0, kOut, kOut}},
      {"hbUCPMallocCached:fail@2..3=-400001", {0, kOut, kOut, 0}},
      {"hbUCPMallocCached:fail@2", {0, HB_UCP_UNKNOWN_ERROR, 0}},
      {"hbUCPMallocCached:fail@1=-7; hbUCPMallocCached:fail=-400001", {-7, kOut}},
      {"hbUCPMalloc:fail; hbUCPMemFlush:fail", {0, 0}},
      {"hbUCPFree:fail@2=-400002", {0, HB_UCP_MEM_FREE_FAIL}},
  };
  for (const Case& each : cases) {
    const Faults faults(each.spec);
    for (const std::int32_t expected : each.calls) {
      CHECK_EQ(allocateAndFree(), expected);
    }
  }
  CHECK_EQ(allocateAndFree(), HB_UCP_SUCCESS);
}

TEST(setting_faults_anew_starts_the_counts_anew) {
  for (int round = 0; round < 2; ++round) {
    const Faults faults("hbUCPMallocCached:fail@2=-400001");
    CHECK_EQ(allocateAndFree(), HB_UCP_SUCCESS);
    CHECK_EQ(allocateAndFree(), HB_UCP_MEM_ALLOC_FAIL);
  }
}

TEST(a_failing_call_has_no_effect) {
  const Faults faults(
      "hbUCPSubmitTask:fail@1=-100004; hbUCPReleaseTask:fail@1=-200004; hbUCPWaitTaskDone:fail@1=-200003");
  Task task([] { return HB_UCP_SUCCESS; });
  CHECK_EQ(task.submit(), HB_UCP_UNKNOWN_ERROR);
  CHECK_EQ(task.submit(), HB_UCP_SUCCESS);
  CHECK_EQ(task.wait(), HB_UCP_TASK_RUN_FAILED);
  CHECK_EQ(task.wait(), HB_UCP_SUCCESS);
  CHECK_EQ(hbUCPReleaseTask(task.handle), HB_UCP_TASK_HANDLE_INVALID);
  CHECK_EQ(live().tasks, 1);
  CHECK_EQ(task.release(), HB_UCP_SUCCESS);
  CHECK_EQ(live().tasks, 0);
}

TEST(functions_that_return_text_return_null) {
  const Faults faults("hbUCPGetVersion:fail@1; hbUCPGetSocName:fail@1; hbUCPGetErrorDesc:fail@1");
  CHECK(hbUCPGetVersion() == nullptr && hbUCPGetVersion() != nullptr);
  CHECK(hbUCPGetSocName() == nullptr && hbUCPGetSocName() != nullptr);
  CHECK(hbUCPGetErrorDesc(0) == nullptr && hbUCPGetErrorDesc(0) != nullptr);
}

TEST(calls_and_tasks_are_delayed) {
  const Faults faults("hbUCPMallocCached:delay@1=30ms; task:delay@2=30ms");
  const auto took = [](auto&& action) {
    const Clock::time_point begin = Clock::now();
    CHECK_EQ(action(), HB_UCP_SUCCESS);
    return Clock::now() - begin;
  };
  CHECK(took([] { return allocateAndFree(); }) >= std::chrono::milliseconds(30));
  CHECK_EQ(runEmpty(), HB_UCP_SUCCESS);
  CHECK(took([] { return runEmpty(); }) >= std::chrono::milliseconds(30));
}

TEST(the_named_tasks_fail_without_running) {
  const Faults faults("task:fail@2=-200003");
  std::atomic<int> ran{0};
  for (const std::int32_t expected : {HB_UCP_SUCCESS, HB_UCP_TASK_RUN_FAILED, HB_UCP_SUCCESS}) {
    Task task([&] {
      ++ran;
      return HB_UCP_SUCCESS;
    });
    CHECK_EQ(task.submit(), HB_UCP_SUCCESS);
    CHECK_EQ(task.wait(), expected);
  }
  CHECK_EQ(ran.load(), 2);
}

TEST(a_hanging_task_holds_its_core_until_it_is_released) {
  const Faults faults("task:hang@1");
  std::atomic<bool> ran{false};
  Task hanging([&] {
    ran = true;
    return HB_UCP_SUCCESS;
  });
  CHECK_EQ(hanging.submit({0, 0, HB_UCP_BPU_CORE_0}), HB_UCP_SUCCESS);
  Task behind([] { return HB_UCP_SUCCESS; });
  CHECK_EQ(behind.submit({255, 0, HB_UCP_BPU_CORE_0}), HB_UCP_SUCCESS);
  CHECK_EQ(hbUCPWaitTaskDone(hanging.handle, 5), HB_UCP_TASK_TIMEOUT);
  CHECK_EQ(hbUCPWaitTaskDone(behind.handle, 5), HB_UCP_TASK_TIMEOUT);
  CHECK_EQ(runEmpty({0, 0, HB_UCP_BPU_CORE_1}), HB_UCP_SUCCESS);
  CHECK_EQ(hanging.release(), HB_UCP_SUCCESS);
  CHECK_EQ(behind.wait(), HB_UCP_SUCCESS);
  CHECK(!ran);
}

TEST(hanging_tasks_go_on_when_they_are_let_go_or_the_faults_are_removed) {
  for (const bool removed : {false, true}) {
    const Faults faults("task:hang");
    Task task([] { return HB_UCP_SUCCESS; });
    CHECK_EQ(task.submit(), HB_UCP_SUCCESS);
    CHECK_EQ(hbUCPWaitTaskDone(task.handle, 5), HB_UCP_TASK_TIMEOUT);
    CHECK_EQ(removed ? extension().setFaults("") : extension().releaseHangingTasks(), HB_UCP_SUCCESS);
    CHECK_EQ(task.wait(), HB_UCP_SUCCESS);
  }
}

TEST(a_lost_core_starts_nothing_until_it_is_back) {
  Task bound([] { return HB_UCP_SUCCESS; });
  Task pair([] {
    jobs::Behaviour both;
    both.cores = 2;
    return both;
  }());
  {
    const Faults faults("core1:lost");
    CHECK_EQ(bound.submit({0, 0, HB_UCP_BPU_CORE_1}), HB_UCP_SUCCESS);
    CHECK_EQ(pair.submit({0, 0, HB_UCP_BPU_CORE_1 | HB_UCP_BPU_CORE_2}), HB_UCP_SUCCESS);
    CHECK_EQ(hbUCPWaitTaskDone(bound.handle, 5), HB_UCP_TASK_TIMEOUT);
    CHECK_EQ(runEmpty({0, 0, HB_UCP_BPU_CORE_1 | HB_UCP_BPU_CORE_2}), HB_UCP_SUCCESS);
    CHECK_EQ(runEmpty({0, 0, HB_UCP_BPU_CORE_2}), HB_UCP_SUCCESS);
    CHECK_EQ(hbUCPWaitTaskDone(pair.handle, 5), HB_UCP_TASK_TIMEOUT);
  }
  CHECK_EQ(bound.wait(), HB_UCP_SUCCESS);
  CHECK_EQ(pair.wait(), HB_UCP_SUCCESS);
}

TEST(a_core_is_lost_and_comes_back_at_the_named_times) {
  const Clock::time_point begin = Clock::now();
  const Faults faults("core2:lost@0ms..40ms");
  CHECK_EQ(runEmpty({0, 0, HB_UCP_BPU_CORE_2}), HB_UCP_SUCCESS);
  CHECK(Clock::now() - begin >= std::chrono::milliseconds(40));
}

TEST(the_task_on_a_core_fails_when_the_core_is_lost) {
  const Faults faults("core0:lost@20ms..60ms");
  Gate terminated;
  jobs::Behaviour behaviour;
  behaviour.run = [&] { return terminated.pass() ? HB_UCP_SUCCESS : HB_UCP_UNKNOWN_ERROR; };
  behaviour.terminate = [&] { terminated.open(); };
  Task task(behaviour);
  CHECK_EQ(task.submit({0, 0, HB_UCP_BPU_CORE_0}), HB_UCP_SUCCESS);
  CHECK_EQ(task.wait(), HB_UCP_TASK_RUN_FAILED);
  CHECK(std::string(extension().lastError()).find("core was lost") != std::string::npos);
  CHECK_EQ(runEmpty({0, 0, HB_UCP_BPU_CORE_0}), HB_UCP_SUCCESS);
}

TEST(faults_may_be_set_while_other_threads_use_the_driver) {
  std::atomic<bool> stop{false};
  std::atomic<int> odd{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      while (!stop) {
        const std::int32_t memory = allocateAndFree();
        const std::int32_t task = runEmpty();
        odd += (memory != HB_UCP_SUCCESS && memory != HB_UCP_MEM_ALLOC_FAIL) ||
               (task != HB_UCP_SUCCESS && task != HB_UCP_TASK_RUN_FAILED);
      }
    });
  }
  for (int round = 0; round < 60; ++round) {
    const Faults faults(
        "hbUCPMallocCached:fail@2=-400001; task:fail@3=-200003; task:hang@5; core1:lost@1ms..3ms; core0:lost");
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  stop = true;
  for (std::thread& thread : threads) {
    thread.join();
  }
  CHECK_EQ(odd.load(), 0);
  CHECK_EQ(live().tasks, 0);
  CHECK_EQ(live().allocations, 0);
}
