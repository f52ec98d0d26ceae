// Callbacks of tasks: when, how often, from where, and what they may do. With jobs that need no model.
#include <atomic>
#include <cstdint>
#include <thread>

#include "jobs.hpp"

using jobs::driver;
using jobs::Gate;
using jobs::Seen;
using jobs::Task;

TEST(the_callback_comes_once_from_a_core_with_handle_and_status) {
  for (const std::int32_t status : {HB_UCP_SUCCESS, HB_UCP_TASK_RUN_FAILED}) {
    Seen seen;
    std::thread::id worker;
    Task task([&] {
      worker = std::this_thread::get_id();
      return status;
    });
    CHECK_EQ(hbUCPSetTaskDoneCb(task.handle, jobs::note, &seen), HB_UCP_SUCCESS);
    CHECK_EQ(task.submit(), HB_UCP_SUCCESS);
    CHECK_EQ(task.wait(), status);
    CHECK_EQ(task.wait(), status);
    CHECK_EQ(seen.calls.load(), 1);
    CHECK(seen.handle == task.handle);
    CHECK_EQ(seen.status, status);
    CHECK(seen.thread == worker);
  }
}

TEST(a_wait_returns_when_the_callback_has_returned) {
  struct Slow {
    Gate gate;
    std::atomic<bool> returned{false};
  } slow;
  Task task([] { return HB_UCP_SUCCESS; });
  CHECK_EQ(hbUCPSetTaskDoneCb(
               task.handle,
               [](hbUCPTaskHandle_t, std::int32_t, void* userdata) {
                 auto& self = *static_cast<Slow*>(userdata);
                 self.gate.pass();
                 self.returned = true;
               },
               &slow),
           HB_UCP_SUCCESS);
  CHECK_EQ(task.submit(), HB_UCP_SUCCESS);
  CHECK(slow.gate.awaitArrivals(1));
  CHECK_EQ(hbUCPWaitTaskDone(task.handle, 1), HB_UCP_TASK_TIMEOUT);
  slow.gate.open();
  CHECK_EQ(task.wait(), HB_UCP_SUCCESS);
  CHECK(slow.returned);
}

TEST(a_callback_may_wait_for_its_own_task_and_release_it_and_make_the_next_one) {
  struct Chain {
    std::atomic<std::int32_t> waited{1};
    std::atomic<std::int32_t> released{1};
    Gate done;
    Task next;
  } chain;
  Task task([] { return HB_UCP_SUCCESS; });
  CHECK_EQ(hbUCPSetTaskDoneCb(
               task.handle,
               [](hbUCPTaskHandle_t handle, std::int32_t, void* userdata) {
                 auto& self = *static_cast<Chain*>(userdata);
                 self.waited = hbUCPWaitTaskDone(handle, 0);
                 self.released = hbUCPReleaseTask(handle);
                 self.next.append([] { return HB_UCP_SUCCESS; });
                 self.next.submit();
                 self.done.open();
               },
               &chain),
           HB_UCP_SUCCESS);
  CHECK_EQ(task.submit(), HB_UCP_SUCCESS);
  CHECK(chain.done.pass());
  CHECK_EQ(chain.waited.load(), HB_UCP_SUCCESS);
  CHECK_EQ(chain.released.load(), HB_UCP_SUCCESS);
  CHECK_EQ(task.release(), HB_UCP_TASK_HANDLE_INVALID);
  CHECK_EQ(chain.next.wait(), HB_UCP_SUCCESS);
}

TEST(what_would_lock_up_a_core_in_a_callback_is_refused) {
  struct Inside {
    Task other;
    std::atomic<std::int32_t> waited{1};
    std::atomic<std::int32_t> ran{1};
  } inside;
  CHECK_EQ(inside.other.append([] { return HB_UCP_SUCCESS; }), HB_UCP_SUCCESS);
  Task task([&] { return inside.other.submit({0, 0, HB_UCP_BPU_CORE_0}); });
  CHECK_EQ(hbUCPSetTaskDoneCb(
               task.handle,
               [](hbUCPTaskHandle_t, std::int32_t, void* userdata) {
                 auto& self = *static_cast<Inside*>(userdata);
                 self.waited = hbUCPWaitTaskDone(self.other.handle, 0);
                 self.ran = driver().runNow(jobs::make([] { return HB_UCP_SUCCESS; }));
               },
               &inside),
           HB_UCP_SUCCESS);
  CHECK_EQ(task.submit({0, 0, HB_UCP_BPU_CORE_0}), HB_UCP_SUCCESS);
  CHECK_EQ(task.wait(), HB_UCP_SUCCESS);
  CHECK_EQ(inside.waited.load(), HB_UCP_API_USE_ERROR);
  CHECK_EQ(inside.ran.load(), HB_UCP_API_USE_ERROR);
  CHECK_EQ(inside.other.wait(), HB_UCP_SUCCESS);
}

TEST(a_callback_is_set_before_submit_the_last_one_counts_and_null_removes_it) {
  Seen first;
  Seen second;
  Task task([] { return HB_UCP_SUCCESS; });
  CHECK_EQ(hbUCPSetTaskDoneCb(task.handle, jobs::note, &first), HB_UCP_SUCCESS);
  CHECK_EQ(hbUCPSetTaskDoneCb(task.handle, jobs::note, &second), HB_UCP_SUCCESS);
  CHECK_EQ(task.submit(), HB_UCP_SUCCESS);
  CHECK_EQ(hbUCPSetTaskDoneCb(task.handle, jobs::note, &first), HB_UCP_API_USE_ERROR);
  CHECK_EQ(task.wait(), HB_UCP_SUCCESS);
  CHECK_EQ(hbUCPSetTaskDoneCb(task.handle, jobs::note, &first), HB_UCP_API_USE_ERROR);
  CHECK_EQ(first.calls.load(), 0);
  CHECK_EQ(second.calls.load(), 1);

  Task silent([] { return HB_UCP_SUCCESS; });
  CHECK_EQ(hbUCPSetTaskDoneCb(silent.handle, jobs::note, &first), HB_UCP_SUCCESS);
  CHECK_EQ(hbUCPSetTaskDoneCb(silent.handle, nullptr, nullptr), HB_UCP_SUCCESS);
  CHECK_EQ(silent.submit(), HB_UCP_SUCCESS);
  CHECK_EQ(silent.wait(), HB_UCP_SUCCESS);
  CHECK_EQ(first.calls.load(), 0);
}

TEST(releasing_the_task_inside_frees_its_jobs_at_once) {
  struct Inside {
    std::atomic<bool> destroyed{false};
    std::atomic<bool> seen{false};
    Gate done;
  } inside;
  jobs::Behaviour behaviour;
  behaviour.destroyed = [&] { inside.destroyed = true; };
  Task task(behaviour);
  CHECK_EQ(hbUCPSetTaskDoneCb(
               task.handle,
               [](hbUCPTaskHandle_t handle, std::int32_t, void* userdata) {
                 auto& self = *static_cast<Inside*>(userdata);
                 hbUCPReleaseTask(handle);
                 self.seen = self.destroyed.load();
                 self.done.open();
               },
               &inside),
           HB_UCP_SUCCESS);
  CHECK_EQ(task.submit(), HB_UCP_SUCCESS);
  CHECK(inside.done.pass());
  task.handle = nullptr;
  CHECK(inside.seen);
}
