// Tasks of libhbucp: states, handles, waiting, limits, release. With jobs that need no model.
#include <atomic>
#include <cstdint>
#include <deque>
#include <string>
#include <thread>
#include <vector>

#include "jobs.hpp"

using jobs::Behaviour;
using jobs::Blocker;
using jobs::driver;
using jobs::extension;
using jobs::Gate;
using jobs::live;
using jobs::Seen;
using jobs::Task;

namespace {

constexpr std::int32_t kTaskLimit = 32;

hbUCPTaskHandle_t garbage(std::uintptr_t value) { return reinterpret_cast<hbUCPTaskHandle_t>(value); }

}  // namespace

TEST(a_task_runs_after_submit_and_not_before) {
  std::atomic<bool> ran{false};
  Task task([&] {
    ran = true;
    return HB_UCP_SUCCESS;
  });
  CHECK(!ran);
  CHECK_EQ(task.submit(), HB_UCP_SUCCESS);
  CHECK_EQ(task.wait(), HB_UCP_SUCCESS);
  CHECK(ran);
  CHECK_EQ(task.release(), HB_UCP_SUCCESS);
}

TEST(a_task_runs_on_a_thread_of_the_driver) {
  std::thread::id where;
  Task task([&] {
    where = std::this_thread::get_id();
    return HB_UCP_SUCCESS;
  });
  CHECK_EQ(task.submit(), HB_UCP_SUCCESS);
  CHECK_EQ(task.wait(), HB_UCP_SUCCESS);
  CHECK(where != std::this_thread::get_id() && where != std::thread::id());
}

TEST(null_scheduling_parameters_are_the_defaults) {
  Task task([] { return HB_UCP_SUCCESS; });
  CHECK_EQ(hbUCPSubmitTask(task.handle, nullptr), HB_UCP_SUCCESS);
  CHECK_EQ(task.wait(), HB_UCP_SUCCESS);
}

TEST(waiting_gives_the_status_and_text_of_a_failing_job_as_often_as_asked) {
  Behaviour failing;
  failing.run = [] { return HB_UCP_TASK_RUN_FAILED; };
  failing.error = "the tensor is too small";
  Task task(failing);
  CHECK_EQ(task.submit(), HB_UCP_SUCCESS);
  for (int round = 0; round < 2; ++round) {
    CHECK_EQ(task.wait(), HB_UCP_TASK_RUN_FAILED);
    CHECK_EQ(std::string(extension().lastError()), failing.error);
  }
  CHECK_EQ(task.release(), HB_UCP_SUCCESS);
}

TEST(a_wait_that_times_out_can_be_repeated) {
  Gate gate;
  Task task([&] { return gate.pass() ? HB_UCP_SUCCESS : HB_UCP_TASK_RUN_FAILED; });
  CHECK_EQ(task.submit(), HB_UCP_SUCCESS);
  CHECK_EQ(hbUCPWaitTaskDone(task.handle, 1), HB_UCP_TASK_TIMEOUT);
  CHECK_EQ(hbUCPWaitTaskDone(task.handle, 1), HB_UCP_TASK_TIMEOUT);
  gate.open();
  CHECK_EQ(hbUCPWaitTaskDone(task.handle, 0), HB_UCP_SUCCESS);
}

TEST(several_threads_may_wait_for_one_task) {
  Gate gate;
  Task task([&] { return gate.pass() ? HB_UCP_SUCCESS : HB_UCP_TASK_RUN_FAILED; });
  CHECK_EQ(task.submit(), HB_UCP_SUCCESS);
  std::atomic<int> ended{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] { ended += hbUCPWaitTaskDone(task.handle, 0) == HB_UCP_SUCCESS ? 1 : 0; });
  }
  gate.open();
  for (std::thread& thread : threads) {
    thread.join();
  }
  CHECK_EQ(ended.load(), 4);
}

TEST(wrong_waits_are_refused_at_once) {
  Task task([] { return HB_UCP_SUCCESS; });
  CHECK_EQ(hbUCPWaitTaskDone(task.handle, 0), HB_UCP_API_USE_ERROR);
  CHECK_EQ(task.submit(), HB_UCP_SUCCESS);
  CHECK_EQ(hbUCPWaitTaskDone(task.handle, -1), HB_UCP_INVALID_ARGUMENT);
  CHECK_EQ(task.wait(), HB_UCP_SUCCESS);  // so that the next tests find its place free
}

TEST(a_handle_can_be_submitted_once) {
  Gate gate;
  Task task([&] { return gate.pass() ? HB_UCP_SUCCESS : HB_UCP_TASK_RUN_FAILED; });
  CHECK_EQ(task.submit(), HB_UCP_SUCCESS);
  CHECK_EQ(task.submit(), HB_UCP_API_USE_ERROR);
  gate.open();
  CHECK_EQ(task.wait(), HB_UCP_SUCCESS);
  CHECK_EQ(task.submit(), HB_UCP_API_USE_ERROR);
}

TEST(handles_that_are_no_live_task_give_a_status_everywhere) {
  Task task([] { return HB_UCP_SUCCESS; });
  const hbUCPTaskHandle_t released = task.handle;
  CHECK_EQ(task.release(), HB_UCP_SUCCESS);
  Task newer([] { return HB_UCP_SUCCESS; });
  int local = 0;
  const auto value = reinterpret_cast<std::uintptr_t>(newer.handle);
  for (const hbUCPTaskHandle_t handle :
       {hbUCPTaskHandle_t{nullptr}, released, static_cast<hbUCPTaskHandle_t>(&local), garbage(1),
        garbage(~std::uintptr_t{0}), garbage(value + 1), garbage(value ^ (std::uintptr_t{1} << 63)),
        garbage(value + (std::uintptr_t{1} << 30))}) {
    CHECK_EQ(hbUCPSubmitTask(handle, nullptr), HB_UCP_TASK_HANDLE_INVALID);
    CHECK_EQ(hbUCPWaitTaskDone(handle, 0), HB_UCP_TASK_HANDLE_INVALID);
    CHECK_EQ(hbUCPSetTaskDoneCb(handle, jobs::note, nullptr), HB_UCP_TASK_HANDLE_INVALID);
    CHECK_EQ(hbUCPReleaseTask(handle), HB_UCP_TASK_HANDLE_INVALID);
    hbUCPTaskHandle_t target = handle;
    if (target != nullptr) {
      CHECK_EQ(driver().append(&target, jobs::make([] { return 0; })), HB_UCP_TASK_HANDLE_INVALID);
      CHECK(target == handle);
    }
  }
  CHECK_EQ(newer.submit(), HB_UCP_SUCCESS);
  CHECK_EQ(newer.wait(), HB_UCP_SUCCESS);
}

TEST(the_33rd_task_is_refused_until_one_is_released) {
  std::deque<Task> tasks;
  for (int i = 0; i < kTaskLimit; ++i) {
    tasks.emplace_back([] { return HB_UCP_SUCCESS; });
  }
  Task more;
  CHECK_EQ(more.append([] { return HB_UCP_SUCCESS; }), HB_UCP_TASK_NUMBER_EXCEED_LIMIT);
  CHECK(more.handle == nullptr);
  CHECK_EQ(live().tasks, kTaskLimit);
  for (Task& task : tasks) {
    CHECK_EQ(task.submit(), HB_UCP_SUCCESS);
    CHECK_EQ(task.wait(), HB_UCP_SUCCESS);
  }
  CHECK_EQ(more.append([] { return HB_UCP_SUCCESS; }), HB_UCP_TASK_NUMBER_EXCEED_LIMIT);
  CHECK_EQ(tasks.front().release(), HB_UCP_SUCCESS);
  CHECK_EQ(more.append([] { return HB_UCP_SUCCESS; }), HB_UCP_SUCCESS);
}

TEST(a_task_that_was_released_while_it_runs_keeps_its_place_until_it_has_ended) {
  Gate gate;
  Gate destroyed;
  Behaviour behaviour;
  behaviour.run = [&] { return gate.pass() ? HB_UCP_SUCCESS : HB_UCP_TASK_RUN_FAILED; };
  behaviour.destroyed = [&] { destroyed.open(); };
  Task task(behaviour);
  CHECK_EQ(task.submit(), HB_UCP_SUCCESS);
  CHECK(gate.awaitArrivals(1));
  CHECK_EQ(task.release(), HB_UCP_SUCCESS);
  std::deque<Task> tasks;
  for (int i = 0; i < kTaskLimit - 1; ++i) {
    tasks.emplace_back([] { return HB_UCP_SUCCESS; });
  }
  Task more;
  CHECK_EQ(more.append([] { return HB_UCP_SUCCESS; }), HB_UCP_TASK_NUMBER_EXCEED_LIMIT);
  gate.open();
  CHECK(destroyed.pass());
  while (more.append([] { return HB_UCP_SUCCESS; }) != HB_UCP_SUCCESS) {
    std::this_thread::yield();
  }
}

TEST(a_task_that_was_released_while_it_waits_in_the_queue_still_runs_and_calls_back) {
  Seen seen;
  Gate ran;
  {
    Blocker blocker({0, 0, HB_UCP_BPU_CORE_0});
    CHECK(blocker.running());
    Task task([&] {
      ran.open();
      return HB_UCP_SUCCESS;
    });
    CHECK_EQ(hbUCPSetTaskDoneCb(task.handle, jobs::note, &seen), HB_UCP_SUCCESS);
    CHECK_EQ(task.submit({0, 0, HB_UCP_BPU_CORE_0}), HB_UCP_SUCCESS);
    CHECK_EQ(task.release(), HB_UCP_SUCCESS);
  }
  CHECK(ran.pass());
  while (seen.calls == 0) {
    std::this_thread::yield();
  }
}

TEST(release_frees_the_jobs_of_a_task_that_has_ended_or_never_ran_before_it_returns) {
  for (const bool runs : {true, false}) {
    std::atomic<bool> destroyed{false};
    Behaviour behaviour;
    behaviour.destroyed = [&] { destroyed = true; };
    Task task(behaviour);
    if (runs) {
      CHECK_EQ(task.submit(), HB_UCP_SUCCESS);
      CHECK_EQ(task.wait(), HB_UCP_SUCCESS);
    }
    CHECK(!destroyed);
    CHECK_EQ(task.release(), HB_UCP_SUCCESS);
    CHECK(destroyed);
  }
}

TEST(sub_tasks_run_in_order_and_stop_at_the_first_failure) {
  jobs::Record record;
  const auto step = [&](const char* name, std::int32_t status) {
    return [&record, name, status] {
      record.add(name);
      return status;
    };
  };
  Task task(step("a", HB_UCP_SUCCESS));
  CHECK_EQ(task.append(step("b", HB_UCP_TASK_RUN_FAILED)), HB_UCP_SUCCESS);
  CHECK_EQ(task.append(step("c", HB_UCP_SUCCESS)), HB_UCP_SUCCESS);
  CHECK_EQ(task.submit(), HB_UCP_SUCCESS);
  CHECK_EQ(task.append(step("d", HB_UCP_SUCCESS)), HB_UCP_API_USE_ERROR);
  CHECK_EQ(task.wait(), HB_UCP_TASK_RUN_FAILED);
  CHECK_EQ(record.text(), std::string("a b"));
}

TEST(a_task_holds_at_most_32_sub_tasks) {
  Task task([] { return HB_UCP_SUCCESS; });
  for (int i = 1; i < 32; ++i) {
    CHECK_EQ(task.append([] { return HB_UCP_SUCCESS; }), HB_UCP_SUCCESS);
  }
  CHECK_EQ(task.append([] { return HB_UCP_SUCCESS; }), HB_UCP_TASK_NUMBER_EXCEED_LIMIT);
  CHECK_EQ(task.submit(), HB_UCP_SUCCESS);
  CHECK_EQ(task.wait(), HB_UCP_SUCCESS);
}

TEST(models_of_several_cores_are_not_appended_and_not_run_synchronously) {
  Behaviour wide;
  wide.cores = 2;
  Task narrow([] { return HB_UCP_SUCCESS; });
  CHECK_EQ(narrow.append(wide), HB_UCP_API_USE_ERROR);
  Task task(wide);
  CHECK_EQ(task.append([] { return HB_UCP_SUCCESS; }), HB_UCP_API_USE_ERROR);
  CHECK_EQ(driver().runNow(jobs::make(wide)), HB_UCP_API_USE_ERROR);
}

TEST(the_synchronous_form_runs_on_a_core_and_returns_the_status_of_the_job) {
  std::thread::id where;
  CHECK_EQ(driver().runNow(jobs::make([&] {
    where = std::this_thread::get_id();
    return HB_UCP_SUCCESS;
  })),
           HB_UCP_SUCCESS);
  CHECK(where != std::this_thread::get_id());
  Behaviour failing;
  failing.run = [] { return HB_UCP_TASK_RUN_FAILED; };
  failing.error = "no luck";
  CHECK_EQ(driver().runNow(jobs::make(failing)), HB_UCP_TASK_RUN_FAILED);
  CHECK_EQ(std::string(extension().lastError()), failing.error);
}

TEST(the_jobs_of_a_task_can_be_looked_at_when_it_has_ended_well) {
  const auto visit = [](bpusim::Job* job, void* context) {
    *static_cast<const bpusim::Job**>(context) = job;
    return static_cast<std::int32_t>(HB_UCP_SUCCESS);
  };
  const bpusim::Job* seen = nullptr;
  Task task([] { return HB_UCP_SUCCESS; });
  CHECK_EQ(driver().withEndedJob(task.handle, 0, visit, &seen), HB_UCP_API_USE_ERROR);
  CHECK_EQ(task.submit(), HB_UCP_SUCCESS);
  CHECK_EQ(task.wait(), HB_UCP_SUCCESS);
  for (const std::int32_t wrong : {-1, 1}) {
    CHECK_EQ(driver().withEndedJob(task.handle, wrong, visit, &seen), HB_UCP_INVALID_ARGUMENT);
  }
  CHECK(seen == nullptr);
  CHECK_EQ(driver().withEndedJob(task.handle, 0, visit, &seen), HB_UCP_SUCCESS);
  CHECK(seen != nullptr);
  Task failing([] { return HB_UCP_TASK_RUN_FAILED; });
  CHECK_EQ(failing.submit(), HB_UCP_SUCCESS);
  CHECK_EQ(failing.wait(), HB_UCP_TASK_RUN_FAILED);
  CHECK_EQ(driver().withEndedJob(failing.handle, 0, visit, &seen), HB_UCP_API_USE_ERROR);
}

TEST(many_threads_make_run_and_release_tasks_and_nothing_is_left) {
  constexpr int kThreads = 8;
  constexpr int kRounds = 300;
  std::atomic<int> ran{0};
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < kRounds; ++round) {
        hbUCPTaskHandle_t handle = nullptr;
        wrong += driver().append(&handle, jobs::make([&] {
          ++ran;
          return 0;
        })) != 0;
        wrong += hbUCPSubmitTask(handle, nullptr) != 0;
        wrong += hbUCPWaitTaskDone(handle, 0) != 0;
        wrong += hbUCPReleaseTask(handle) != 0;
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  CHECK_EQ(wrong.load(), 0);
  CHECK_EQ(ran.load(), kThreads * kRounds);
  CHECK_EQ(live().tasks, 0);
}
