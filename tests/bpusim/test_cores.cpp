// Which cores of an S600 libhbucp runs tasks on, one at a time, and several at once for models that need them.
#include <atomic>
#include <cstdint>
#include <deque>
#include <string>
#include <thread>
#include <vector>

#include "scheduling.hpp"

using jobs::Blocker;
using jobs::extension;
using jobs::Gate;
using jobs::Record;
using jobs::Task;
using namespace scheduling;

TEST(a_core_runs_one_task_at_a_time) {
  std::atomic<int> inside{0};
  std::atomic<int> most{0};
  std::deque<Task> tasks;
  for (int i = 0; i < 30; ++i) {
    tasks.emplace_back([&] {
      const int now = ++inside;
      most = std::max(most.load(), now);
      std::this_thread::yield();
      --inside;
      return HB_UCP_SUCCESS;
    });
    CHECK_EQ(tasks.back().submit({i % 3, 0, kCore1}), HB_UCP_SUCCESS);
  }
  for (Task& task : tasks) {
    CHECK_EQ(task.wait(), HB_UCP_SUCCESS);
  }
  CHECK_EQ(most.load(), 1);
}

TEST(each_core_runs_on_its_own_thread) {
  std::vector<std::thread::id> threads(4);
  for (std::size_t core = 0; core < threads.size(); ++core) {
    for (int round = 0; round < 2; ++round) {
      std::thread::id where;
      Task task([&] {
        where = std::this_thread::get_id();
        return HB_UCP_SUCCESS;
      });
      CHECK_EQ(task.submit({0, 0, std::uint64_t{1} << core}), HB_UCP_SUCCESS);
      CHECK_EQ(task.wait(), HB_UCP_SUCCESS);
      CHECK(round == 0 || threads[core] == where);
      threads[core] = where;
    }
  }
  for (std::size_t core = 1; core < threads.size(); ++core) {
    CHECK(threads[core] != threads[core - 1]);
  }
}

TEST(four_tasks_run_at_once_and_a_fifth_waits) {
  for (const std::uint64_t backend :
       {std::uint64_t{HB_UCP_CORE_ANY}, std::uint64_t{HB_UCP_BPU_CORE_ANY}, kCore0 | kCore1 | kCore2 | kCore3}) {
    Gate gate;
    std::atomic<bool> fifthRan{false};
    std::deque<Task> tasks;
    for (int i = 0; i < 4; ++i) {
      tasks.emplace_back([&] { return gate.pass() ? HB_UCP_SUCCESS : HB_UCP_TASK_RUN_FAILED; });
      CHECK_EQ(tasks.back().submit({0, 0, backend}), HB_UCP_SUCCESS);
    }
    CHECK(gate.awaitArrivals(4));
    tasks.emplace_back([&] {
      fifthRan = true;
      return HB_UCP_SUCCESS;
    });
    CHECK_EQ(tasks.back().submit({255, 0, backend}), HB_UCP_SUCCESS);
    for (std::int32_t core = 0; core < 4; ++core) {
      CHECK_EQ(load(core).running, 1);
      CHECK_EQ(load(core).queued, 1);
    }
    CHECK(!fifthRan);
    gate.open();
    for (Task& task : tasks) {
      CHECK_EQ(task.wait(), HB_UCP_SUCCESS);
    }
  }
}

TEST(a_task_takes_whichever_core_of_its_mask_is_free) {
  Blocker blocker({0, 0, kCore1});
  CHECK(blocker.running());
  const std::int64_t before = load(2).finishedTasks;
  Task task([] { return HB_UCP_SUCCESS; });
  CHECK_EQ(task.submit({0, 0, kCore1 | kCore2}), HB_UCP_SUCCESS);
  CHECK_EQ(task.wait(), HB_UCP_SUCCESS);
  CHECK_EQ(load(2).finishedTasks, before + 1);
}

TEST(backends_are_checked_at_submit_and_the_task_stays_submittable) {
  struct Case {
    std::int32_t cores;
    std::uint64_t backend;
    bool accepted;
  };
  const std::vector<Case> cases = {
      {1, HB_UCP_CORE_ANY, true},
      {1, HB_UCP_BPU_CORE_ANY, true},
      {1, kCore3, true},
      {1, kCore0 | kCore3, true},
      {1, HB_UCP_BPU_CORE_ANY | kCore2, true},
      {1, kCore1 | HB_UCP_DSP_CORE_0, true},
      {1, kCore1 | 1ULL << 4, true},
      {1, 1ULL << 4, false},
      {1, 1ULL << 6, false},
      {1, HB_UCP_DSP_CORE_0, false},
      {1, HB_UCP_DSP_CORE_ANY | HB_UCP_ISP_CORE_3, false},
      {1, 1ULL << 63, false},
      {2, kCore0 | kCore1, true},
      {2, kCore1 | kCore3, true},
      {2, HB_UCP_CORE_ANY, false},
      {2, HB_UCP_BPU_CORE_ANY, false},
      {2, HB_UCP_BPU_CORE_ANY | kCore0 | kCore1, false},
      {2, kCore0, false},
      {2, kCore0 | kCore1 | kCore2, false},
      {2, kCore0 | 1ULL << 4, false},
      {3, kCore0 | kCore1 | kCore3, true},
      {4, kCore0 | kCore1 | kCore2 | kCore3, true},
      {4, kCore0 | kCore1 | kCore2, false},
      {5, kCore0 | kCore1 | kCore2 | kCore3, false},
  };
  for (const Case& each : cases) {
    Task task(wide(each.cores));
    CHECK_EQ(task.submit({0, 0, each.backend}), each.accepted ? HB_UCP_SUCCESS : HB_UCP_INVALID_ARGUMENT);
    if (!each.accepted) {
      CHECK_EQ(task.wait(), HB_UCP_API_USE_ERROR);
      if (each.cores <= 4) {
        CHECK_EQ(task.submit({0, 0, (1ULL << each.cores) - 1}), HB_UCP_SUCCESS);
      }
    }
    if (each.cores <= 4) {
      CHECK_EQ(task.wait(), HB_UCP_SUCCESS);
    }
  }
}

TEST(a_task_of_two_cores_holds_both_and_leaves_the_others) {
  Blocker pair({0, 0, kCore1 | kCore2}, 2);
  CHECK(pair.running());
  CHECK_EQ(load(0).running, 0);
  CHECK_EQ(load(1).running, 1);
  CHECK_EQ(load(2).running, 1);
  CHECK_EQ(load(3).running, 0);
  Record record;
  Task held(noting(record, "held"));
  CHECK_EQ(held.submit({0, 0, kCore1 | kCore2}), HB_UCP_SUCCESS);
  Task free(noting(record, "free"));
  CHECK_EQ(free.submit({0, 0, kCore0}), HB_UCP_SUCCESS);
  CHECK_EQ(free.wait(), HB_UCP_SUCCESS);
  CHECK_EQ(record.text(), std::string("free"));
  pair.open();
  CHECK_EQ(held.wait(), HB_UCP_SUCCESS);
}

TEST(a_task_of_two_cores_is_not_starved_by_smaller_ones_behind_it) {
  Record record;
  std::deque<Task> tasks;
  Blocker first({0, 0, kCore0});
  Blocker second({0, 0, kCore1});
  CHECK(first.running() && second.running());
  tasks.emplace_back(wide(2, noting(record, "pair")));
  CHECK_EQ(tasks.back().submit({0, 0, kCore0 | kCore1}), HB_UCP_SUCCESS);
  for (const std::uint64_t backend : {kCore0, kCore0 | kCore1, kCore1}) {
    tasks.emplace_back(noting(record, "single"));
    CHECK_EQ(tasks.back().submit({0, 0, backend}), HB_UCP_SUCCESS);
  }
  Task elsewhere(noting(record, "elsewhere"));
  CHECK_EQ(elsewhere.submit({0, 0, kCore0 | kCore3}), HB_UCP_SUCCESS);
  CHECK_EQ(elsewhere.wait(), HB_UCP_SUCCESS);
  first.open();
  CHECK(eventually([] { return load(0).running == 0; }));
  CHECK_EQ(record.text(), std::string("elsewhere"));
  second.open();
  for (Task& task : tasks) {
    CHECK_EQ(task.wait(), HB_UCP_SUCCESS);
  }
  CHECK_EQ(record.text(), std::string("elsewhere pair single single single"));
}

TEST(overlapping_tasks_of_several_cores_from_many_threads_all_end) {
  constexpr int kRounds = 150;
  const std::vector<std::uint64_t> masks = {kCore0 | kCore1,          kCore1 | kCore2, kCore2 | kCore3, kCore3 | kCore0,
                                            kCore0 | kCore1 | kCore2, kCore1,          kCore3};
  std::atomic<std::uint64_t> occupied{0};
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (const std::uint64_t mask : masks) {
    threads.emplace_back([&, mask] {
      for (int round = 0; round < kRounds; ++round) {
        Task task(wide(__builtin_popcountll(mask), [&, mask] {
          wrong += (occupied.fetch_or(mask) & mask) != 0;
          std::this_thread::yield();
          occupied.fetch_and(~mask);
          return HB_UCP_SUCCESS;
        }));
        wrong += task.submit({round % 2, 0, mask}) != HB_UCP_SUCCESS;
        wrong += task.wait() != HB_UCP_SUCCESS;
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  CHECK_EQ(wrong.load(), 0);
}
