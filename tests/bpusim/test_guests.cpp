// Tasks that the submitting thread computes itself, through submitHere of the extension: only where a core is free at
// once, and then as the core would.
#include <atomic>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "scheduling.hpp"

using jobs::Blocker;
using jobs::driver;
using jobs::extension;
using jobs::Gate;
using jobs::Params;
using jobs::Record;
using jobs::Seen;
using jobs::Task;
using namespace scheduling;

namespace {

std::int32_t submitHere(Task& task, Params params = {}) {
  const hbUCPSchedParam raw{params.priority, params.customId, params.backend, params.deviceId};
  return extension().submitHere(task.handle, &raw);
}

std::int32_t runBy(std::thread::id& thread) {
  thread = std::this_thread::get_id();
  return HB_UCP_SUCCESS;
}

}  // namespace

TEST(where_a_core_is_free_the_task_has_ended_when_the_call_returns) {
  for (const std::int32_t status : {HB_UCP_SUCCESS, HB_UCP_TASK_RUN_FAILED}) {
    const std::int64_t before = load(2).finishedTasks;
    std::thread::id thread;
    Seen seen;
    Task task([&] {
      static_cast<void>(runBy(thread));
      return load(2).running == 1 ? status : HB_UCP_UNKNOWN_ERROR;
    });
    CHECK_EQ(hbUCPSetTaskDoneCb(task.handle, jobs::note, &seen), HB_UCP_SUCCESS);
    CHECK_EQ(submitHere(task, {0, 0, kCore2}), HB_UCP_SUCCESS);
    CHECK_EQ(seen.calls.load(), 1);
    CHECK(seen.thread == std::this_thread::get_id());
    CHECK(thread == std::this_thread::get_id());
    CHECK_EQ(hbUCPWaitTaskDone(task.handle, 1), status);
    bpusimTaskTimes times{};
    CHECK_EQ(extension().taskTimes(&times, task.handle), HB_UCP_SUCCESS);
    CHECK_EQ(times.core, 2);
    CHECK_EQ(load(2).finishedTasks, before + 1);
    CHECK_EQ(load(2).running, 0);
  }
}

TEST(what_cannot_run_here_at_once_is_submitted_as_usual) {
  std::thread::id thread;
  Task busy([&] { return runBy(thread); });
  {
    Blocker blocker({0, 0, kCore1});
    CHECK(blocker.running());
    CHECK_EQ(submitHere(busy, {0, 0, kCore1}), HB_UCP_SUCCESS);
    CHECK_EQ(hbUCPWaitTaskDone(busy.handle, 1), HB_UCP_TASK_TIMEOUT);
  }
  CHECK_EQ(busy.wait(), HB_UCP_SUCCESS);
  CHECK(thread != std::this_thread::get_id());

  Behaviour loops;
  loops.run = [&] { return runBy(thread); };
  loops.isLikeTheLast = false;
  Task unlike(std::move(loops));
  thread = {};
  CHECK_EQ(submitHere(unlike), HB_UCP_SUCCESS);
  CHECK_EQ(unlike.wait(), HB_UCP_SUCCESS);
  CHECK(thread != std::thread::id() && thread != std::this_thread::get_id());

  CHECK_EQ(extension().setFaults("task:hang@1"), HB_UCP_SUCCESS);
  Task hanging([] { return HB_UCP_SUCCESS; });
  CHECK_EQ(submitHere(hanging), HB_UCP_SUCCESS);
  CHECK_EQ(hbUCPWaitTaskDone(hanging.handle, 1), HB_UCP_TASK_TIMEOUT);
  CHECK_EQ(extension().releaseHangingTasks(), HB_UCP_SUCCESS);
  CHECK_EQ(hanging.wait(), HB_UCP_SUCCESS);

  CHECK_EQ(extension().setFaults("hbUCPSubmitTask:fail@1=HB_UCP_MEM_ALLOC_FAIL"), HB_UCP_SUCCESS);
  Task refused([] { return HB_UCP_SUCCESS; });
  CHECK_EQ(submitHere(refused), HB_UCP_MEM_ALLOC_FAIL);
  CHECK_EQ(submitHere(refused), HB_UCP_SUCCESS);
  CHECK_EQ(refused.wait(), HB_UCP_SUCCESS);
  CHECK_EQ(extension().setFaults(nullptr), HB_UCP_SUCCESS);

  CHECK_EQ(submitHere(refused), HB_UCP_API_USE_ERROR);
  CHECK_EQ(extension().submitHere(nullptr, nullptr), HB_UCP_TASK_HANDLE_INVALID);
  Task wrong([] { return HB_UCP_SUCCESS; });
  CHECK_EQ(submitHere(wrong, {256, 0}), HB_UCP_INVALID_ARGUMENT);
}

TEST(a_callback_hands_its_task_to_another_core) {
  struct Chain {
    std::thread::id first;
    std::thread::id second;
    Task next;
    Gate done;
  } chain;
  CHECK_EQ(chain.next.append([&] {
    chain.done.open();
    return runBy(chain.second);
  }),
           HB_UCP_SUCCESS);
  Task task([&] { return runBy(chain.first); });
  CHECK_EQ(hbUCPSetTaskDoneCb(
               task.handle,
               [](hbUCPTaskHandle_t, std::int32_t, void* userdata) {
                 CHECK_EQ(submitHere(static_cast<Chain*>(userdata)->next), HB_UCP_SUCCESS);
               },
               &chain),
           HB_UCP_SUCCESS);
  CHECK_EQ(submitHere(task), HB_UCP_SUCCESS);
  CHECK(chain.done.pass());
  CHECK_EQ(chain.next.wait(), HB_UCP_SUCCESS);
  CHECK(chain.first == std::this_thread::get_id());
  CHECK(chain.second != std::this_thread::get_id());
}

TEST(urgent_tasks_overtake_a_guest_between_two_sub_tasks) {
  Record record;
  Gate inside;
  Gate submitted;
  Task urgent(noting(record, "urgent"));
  std::thread other([&] {
    CHECK(inside.pass());
    CHECK_EQ(urgent.submit({255, 0, kCore3}), HB_UCP_SUCCESS);
    submitted.open();
  });
  Task task([&] {
    record.add("a");
    inside.open();
    return submitted.pass() ? HB_UCP_SUCCESS : HB_UCP_TASK_RUN_FAILED;
  });
  CHECK_EQ(task.append(noting(record, "b")), HB_UCP_SUCCESS);
  CHECK_EQ(submitHere(task, {0, 0, kCore3}), HB_UCP_SUCCESS);
  CHECK_EQ(task.wait(), HB_UCP_SUCCESS);
  CHECK_EQ(urgent.wait(), HB_UCP_SUCCESS);
  other.join();
  CHECK_EQ(record.text(), std::string("a urgent b"));
}

TEST(what_was_queued_behind_a_guest_runs_when_it_has_ended) {
  Gate inside;
  Gate queued;
  std::thread::id thread;
  Task behind([&] { return runBy(thread); });
  std::thread other([&] {
    CHECK(inside.pass());
    CHECK_EQ(submitHere(behind, {0, 0, kCore0}), HB_UCP_SUCCESS);  // the core is taken
    queued.open();
    CHECK_EQ(behind.wait(), HB_UCP_SUCCESS);
  });
  Task task([&] {
    inside.open();
    return queued.pass() ? HB_UCP_SUCCESS : HB_UCP_TASK_RUN_FAILED;
  });
  CHECK_EQ(submitHere(task, {0, 0, kCore0}), HB_UCP_SUCCESS);
  other.join();
  CHECK(thread != std::this_thread::get_id());
  CHECK(thread != std::thread::id());
}

TEST(many_threads_share_the_cores_as_guests) {
  constexpr int kThreads = 6;
  constexpr int kTasks = 200;
  std::atomic<int> inside{0};
  std::atomic<int> most{0};
  std::atomic<int> done{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int k = 0; k < kTasks; ++k) {
        Task task([&] {
          const int now = ++inside;
          for (int seen = most; now > seen && !most.compare_exchange_weak(seen, now);) {
          }
          --inside;
          ++done;
          return HB_UCP_SUCCESS;
        });
        CHECK_EQ(submitHere(task, {k % 3, 0, kCore0 | kCore1}), HB_UCP_SUCCESS);
        CHECK_EQ(task.wait(), HB_UCP_SUCCESS);
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  CHECK_EQ(done.load(), kThreads * kTasks);
  CHECK(most.load() <= 2);
}

TEST(a_model_of_several_cores_takes_all_of_them) {
  std::thread::id thread;
  Task task(wide(2, [&] {
    CHECK_EQ(load(0).running + load(1).running, 2);
    return runBy(thread);
  }));
  CHECK_EQ(submitHere(task, {0, 0, kCore0 | kCore1}), HB_UCP_SUCCESS);
  CHECK_EQ(task.wait(), HB_UCP_SUCCESS);
  CHECK(thread == std::this_thread::get_id());
}
