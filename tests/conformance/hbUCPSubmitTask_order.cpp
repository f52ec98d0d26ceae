// In which order tasks run. Proven by gates: a callback holds the core on bpusim, and the tasks queue up behind it.
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "ucp_support.hpp"

using ucp::HeldCore;
using ucp::Inference;
using ucp::Order;
using ucp::parameters;
using ucp::Task;

namespace {

constexpr std::uint64_t kCore0 = HB_UCP_BPU_CORE_0;
constexpr std::uint64_t kCore1 = HB_UCP_BPU_CORE_1;

struct Queued {
  std::int32_t priority;
  std::int64_t customId;
};

// Queues these behind a held core and returns in which order they ran, by their indices.
std::string orderOf(const std::vector<Queued>& arrivals) {
  Order order;
  Inference inference;
  std::deque<Task> tasks;
  {
    const HeldCore held(kCore0);
    for (std::size_t i = 0; i < arrivals.size(); ++i) {
      order.watch(tasks.emplace_back(inference), std::to_string(i));
      hbUCPSchedParam param = parameters(kCore0, arrivals[i].priority, arrivals[i].customId);
      CHECK_EQ(hbUCPSubmitTask(tasks.back().handle, &param), HB_UCP_SUCCESS);
    }
  }
  for (const Task& task : tasks) {
    CHECK_EQ(task.wait(), HB_UCP_SUCCESS);
  }
  return order.text();
}

}  // namespace

TEST(queued_tasks_run_by_priority_then_custom_id_then_arrival) {
  ucp::onlyOnBpusim();
  const struct {
    std::vector<Queued> arrivals;
    const char* order;
  } cases[] = {
      {{{0, 0}, {0, 0}, {0, 0}}, "0 1 2"},
      {{{0, 0}, {1, 0}, {253, 0}, {2, 0}}, "2 3 1 0"},
      {{{7, 30}, {7, 10}, {7, 20}}, "1 2 0"},
      {{{7, 0}, {7, -1}, {7, INT64_MIN}, {7, INT64_MAX}}, "2 1 0 3"},
      {{{0, 0}, {5, 9}, {5, 3}, {5, 3}, {0, -1}}, "2 3 1 4 0"},
  };
  for (const auto& [arrivals, expected] : cases) {
    CHECK_EQ(orderOf(arrivals), std::string(expected));
  }
}

TEST(the_two_highest_priorities_overtake_everything_that_is_queued) {
  ucp::onlyOnBpusim();
  CHECK_EQ(orderOf({{253, INT64_MIN}, {0, 0}, {254, 9}, {253, 0}, {255, 9}, {254, 1}, {255, 1}}),
           std::string("6 4 5 2 0 3 1"));
}

TEST(an_urgent_task_overtakes_the_next_sub_task_of_a_running_one) {
  const bpusimInterface& driver = dnn::needExtension();
  Inference inference;
  for (const auto& [arriving, expected] :
       {std::pair{253, "batch arriving"}, std::pair{254, "arriving batch"}, std::pair{255, "arriving batch"}}) {
    Order order;
    Task batch(inference);
    CHECK_EQ(inference.into(&batch.handle), HB_DNN_SUCCESS);
    order.watch(batch, "batch");
    Task late(inference);
    order.watch(late, "arriving");
    // It holds its core in front of its first sub-task.
    CHECK_EQ(driver.setFaults("task:hang@1"), HB_UCP_SUCCESS);
    CHECK_EQ(batch.submit(kCore0), HB_UCP_SUCCESS);
    CHECK(ucp::eventually([] { return ucp::load(0).running == 1; }));
    hbUCPSchedParam param = parameters(kCore0, arriving);
    CHECK_EQ(hbUCPSubmitTask(late.handle, &param), HB_UCP_SUCCESS);
    CHECK_EQ(driver.setFaults(nullptr), HB_UCP_SUCCESS);
    CHECK_EQ(batch.wait(), HB_UCP_SUCCESS);
    CHECK_EQ(late.wait(), HB_UCP_SUCCESS);
    CHECK_EQ(order.text(), std::string(expected));
  }
}

TEST(a_task_of_two_cores_is_not_starved_by_smaller_ones_behind_it) {
  ucp::onlyOnBpusim();
  dnn::needCores(2);
  Order order;
  Inference pair("two_cores.hbm");
  Inference single;
  std::deque<Task> tasks;
  std::optional<HeldCore> first(kCore0);
  std::optional<HeldCore> second(kCore1);
  order.watch(tasks.emplace_back(pair), "pair");
  CHECK_EQ(tasks.back().submit(kCore0 | kCore1), HB_UCP_SUCCESS);
  for (const std::uint64_t backend : {kCore0, kCore0 | kCore1, kCore1}) {
    order.watch(tasks.emplace_back(single), "single");
    CHECK_EQ(tasks.back().submit(backend), HB_UCP_SUCCESS);
  }
  first.reset();
  CHECK(ucp::eventually([] { return ucp::load(0).running == 0; }));
  CHECK_EQ(order.text(), std::string());
  second.reset();
  for (const Task& task : tasks) {
    CHECK_EQ(task.wait(), HB_UCP_SUCCESS);
  }
  CHECK_EQ(order.text(), std::string("pair single single single"));
}
