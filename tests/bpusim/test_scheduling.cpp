// The scheduler of libhbucp on the four cores of an S600. Order is proven by gates: while a blocker holds a core, tasks
// queue up behind it; what then happens is recorded.
#include <atomic>
#include <cstdint>
#include <deque>
#include <string>
#include <thread>
#include <vector>

#include "jobs.hpp"

using jobs::Behaviour;
using jobs::Blocker;
using jobs::extension;
using jobs::Gate;
using jobs::Params;
using jobs::Record;
using jobs::Task;

namespace {

constexpr std::uint64_t kCore0 = HB_UCP_BPU_CORE_0;
constexpr std::uint64_t kCore1 = HB_UCP_BPU_CORE_1;
constexpr std::uint64_t kCore2 = HB_UCP_BPU_CORE_2;
constexpr std::uint64_t kCore3 = HB_UCP_BPU_CORE_3;

Behaviour wide(std::int32_t cores, std::function<std::int32_t()> run = [] { return HB_UCP_SUCCESS; }) {
  Behaviour behaviour;
  behaviour.run = std::move(run);
  behaviour.cores = cores;
  return behaviour;
}

std::function<std::int32_t()> noting(Record& record, std::string name) {
  return [&record, name = std::move(name)] {
    record.add(name);
    return HB_UCP_SUCCESS;
  };
}

bpusimCoreLoad load(std::int32_t core) {
  bpusimCoreLoad now{};
  CHECK_EQ(extension().getCoreLoad(&now, core), HB_UCP_SUCCESS);
  return now;
}

template <class Condition>
bool eventually(Condition condition) {
  const auto deadline = std::chrono::steady_clock::now() + jobs::kPatience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) {
      return false;
    }
    std::this_thread::yield();
  }
  return true;
}

}  // namespace

TEST(queued_tasks_run_by_priority_then_custom_id_then_arrival) {
  struct Queued {
    std::int32_t priority;
    std::int64_t customId;
  };
  struct Case {
    std::vector<Queued> arrivals;
    std::string order;  // indices into arrivals
  };
  const std::vector<Case> cases = {
      {{{0, 0}, {0, 0}, {0, 0}}, "0 1 2"},
      {{{0, 0}, {1, 0}, {2, 0}}, "2 1 0"},
      {{{7, 30}, {7, 10}, {7, 20}}, "1 2 0"},
      {{{7, 0}, {7, -1}, {7, INT64_MIN}, {7, INT64_MAX}}, "2 1 0 3"},
      {{{1, 5}, {2, 9}, {1, 4}, {2, 8}, {1, 4}}, "3 1 2 4 0"},
      {{{0, 0}, {255, 9}, {253, 0}, {254, 5}, {255, 1}, {254, 0}}, "4 1 5 3 2 0"},
  };
  for (const Case& each : cases) {
    Record record;
    std::deque<Task> tasks;
    {
      Blocker blocker({0, 0, kCore2});
      CHECK(blocker.running());
      for (std::size_t i = 0; i < each.arrivals.size(); ++i) {
        tasks.emplace_back(noting(record, std::to_string(i)));
        CHECK_EQ(tasks.back().submit({each.arrivals[i].priority, each.arrivals[i].customId, kCore2}), HB_UCP_SUCCESS);
      }
      CHECK_EQ(record.text(), std::string());
    }
    for (Task& task : tasks) {
      CHECK_EQ(task.wait(), HB_UCP_SUCCESS);
    }
    CHECK_EQ(record.text(), each.order);
  }
}

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

TEST(priorities_and_devices_out_of_range_are_refused) {
  Task task([] { return HB_UCP_SUCCESS; });
  for (const std::int32_t priority : {-1, 256, INT32_MIN, INT32_MAX}) {
    CHECK_EQ(task.submit({priority, 0}), HB_UCP_INVALID_ARGUMENT);
  }
  CHECK_EQ(task.submit({0, 0, HB_UCP_CORE_ANY, 1}), HB_UCP_INVALID_ARGUMENT);
  CHECK_EQ(task.submit({255, 0}), HB_UCP_SUCCESS);
  CHECK_EQ(task.wait(), HB_UCP_SUCCESS);
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

TEST(urgent_tasks_overtake_between_two_sub_tasks_of_a_lesser_one) {
  struct Case {
    std::int32_t running;
    std::int32_t arriving;
    std::string order;
  };
  const std::vector<Case> cases = {
      {0, 253, "a b late"},   {253, 254, "a late b"}, {0, 255, "a late b"},
      {254, 254, "a b late"}, {254, 255, "a late b"}, {255, 255, "a b late"},
  };
  for (const Case& each : cases) {
    Record record;
    Gate gate;
    Task task([&] {
      record.add("a");
      return gate.pass() ? HB_UCP_SUCCESS : HB_UCP_TASK_RUN_FAILED;
    });
    CHECK_EQ(task.append(noting(record, "b")), HB_UCP_SUCCESS);
    CHECK_EQ(task.submit({each.running, 0, kCore3}), HB_UCP_SUCCESS);
    CHECK(gate.awaitArrivals(1));
    Task late(noting(record, "late"));
    CHECK_EQ(late.submit({each.arriving, 0, kCore3}), HB_UCP_SUCCESS);
    gate.open();
    CHECK_EQ(task.wait(), HB_UCP_SUCCESS);
    CHECK_EQ(late.wait(), HB_UCP_SUCCESS);
    CHECK_EQ(record.text(), each.order);
  }
}

TEST(a_task_that_gave_way_goes_on_before_later_ones_of_its_rank) {
  Record record;
  Gate gate;
  Task task([&] {
    record.add("a");
    return gate.pass() ? HB_UCP_SUCCESS : HB_UCP_TASK_RUN_FAILED;
  });
  CHECK_EQ(task.append(noting(record, "b")), HB_UCP_SUCCESS);
  CHECK_EQ(task.submit({5, 0, kCore0}), HB_UCP_SUCCESS);
  CHECK(gate.awaitArrivals(1));
  Task equal(noting(record, "equal"));
  CHECK_EQ(equal.submit({5, 0, kCore0}), HB_UCP_SUCCESS);
  Task urgent(noting(record, "urgent"));
  CHECK_EQ(urgent.submit({254, 0, kCore0}), HB_UCP_SUCCESS);
  gate.open();
  CHECK_EQ(equal.wait(), HB_UCP_SUCCESS);
  CHECK_EQ(record.text(), std::string("a urgent b equal"));
}

TEST(the_load_of_a_core_counts_time_and_tasks) {
  const bpusimCoreLoad before = load(3);
  {
    Blocker blocker({0, 0, kCore3});
    CHECK(blocker.running());
    const bpusimCoreLoad during = load(3);
    CHECK_EQ(during.running, 1);
    CHECK(eventually([&] { return load(3).busyNs > during.busyNs; }));
    CHECK_EQ(during.finishedTasks, before.finishedTasks);
  }
  const bpusimCoreLoad after = load(3);
  CHECK_EQ(after.running, 0);
  CHECK_EQ(after.queued, 0);
  CHECK_EQ(after.finishedTasks, before.finishedTasks + 1);
  CHECK(after.busyNs > before.busyNs);
  CHECK_EQ(load(3).busyNs, after.busyNs);

  bpusimCoreLoad unused{};
  for (const std::int32_t core : {-1, 4}) {
    CHECK_EQ(extension().getCoreLoad(&unused, core), HB_UCP_INVALID_ARGUMENT);
  }
  CHECK_EQ(extension().getCoreLoad(nullptr, 0), HB_UCP_INVALID_ARGUMENT);
}
