// In which order libhbucp runs tasks. Order is proven by gates: while a blocker holds a core, tasks queue up behind it;
// what then happens is recorded.
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

TEST(priorities_and_devices_out_of_range_are_refused) {
  Task task([] { return HB_UCP_SUCCESS; });
  for (const std::int32_t priority : {-1, 256, INT32_MIN, INT32_MAX}) {
    CHECK_EQ(task.submit({priority, 0}), HB_UCP_INVALID_ARGUMENT);
  }
  CHECK_EQ(task.submit({0, 0, HB_UCP_CORE_ANY, 1}), HB_UCP_INVALID_ARGUMENT);
  CHECK_EQ(task.submit({255, 0}), HB_UCP_SUCCESS);
  CHECK_EQ(task.wait(), HB_UCP_SUCCESS);
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
