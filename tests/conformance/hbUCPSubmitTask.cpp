#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "ucp_support.hpp"

using ucp::Gate;
using ucp::Inference;
using ucp::parameters;
using ucp::Task;

namespace {

constexpr std::uint64_t kCore0 = HB_UCP_BPU_CORE_0;

// Notes in which order tasks end; the first of them holds its core in front of a gate.
struct Order {
  std::mutex mutex;
  std::vector<int> ended;
};

struct Member {
  Order* order = nullptr;
  int index = 0;
  Gate* gate = nullptr;
};

void noteEnd(hbUCPTaskHandle_t, std::int32_t, void* userdata) {
  const auto& member = *static_cast<Member*>(userdata);
  if (member.gate != nullptr && !member.gate->pass()) {
    return;
  }
  const std::lock_guard lock(member.order->mutex);
  member.order->ended.push_back(member.index);
}

}  // namespace

TEST(a_task_runs_when_it_is_submitted) {
  Inference inference;
  Task task(inference);
  CHECK(!inference.computed());
  hbUCPSchedParam param;
  HB_UCP_INITIALIZE_SCHED_PARAM(&param);
  CHECK_EQ(hbUCPSubmitTask(task.handle, &param), HB_UCP_SUCCESS);
  param.priority = 777;  // the driver has copied them
  CHECK_EQ(task.wait(), HB_UCP_SUCCESS);
  CHECK(inference.computed());
}

TEST(without_parameters_the_defaults_hold) {
  ucp::onlyOnBpusim();
  Inference inference;
  Task task(inference);
  CHECK_EQ(hbUCPSubmitTask(task.handle, nullptr), HB_UCP_SUCCESS);
  CHECK_EQ(task.wait(), HB_UCP_SUCCESS);
  CHECK(inference.computed());
}

TEST(every_documented_priority_custom_id_and_backend_is_taken) {
  Inference inference;
  for (const std::int32_t priority : {0, 1, 253, 254, 255}) {
    for (const std::int64_t customId : {INT64_MIN, std::int64_t{0}, INT64_MAX}) {
      for (const std::uint64_t backend : {HB_UCP_CORE_ANY, HB_UCP_BPU_CORE_ANY, HB_UCP_BPU_CORE_0}) {
        Task task(inference);
        hbUCPSchedParam param = parameters(backend, priority, customId);
        CHECK_EQ(hbUCPSubmitTask(task.handle, &param), HB_UCP_SUCCESS);
        CHECK_EQ(task.wait(), HB_UCP_SUCCESS);
      }
    }
  }
}

TEST(wrong_parameters_are_refused_and_the_task_can_be_submitted_rightly) {
  ucp::onlyOnBpusim();
  Inference inference;
  Task task(inference);
  for (hbUCPSchedParam wrong : {parameters(kCore0, -1), parameters(kCore0, 256), parameters(1ULL << 6),
                                parameters(HB_UCP_DSP_CORE_0), hbUCPSchedParam{0, 0, kCore0, 1}}) {
    CHECK_EQ(hbUCPSubmitTask(task.handle, &wrong), HB_UCP_INVALID_ARGUMENT);
  }
  CHECK_EQ(task.submit(), HB_UCP_SUCCESS);
  CHECK_EQ(task.wait(), HB_UCP_SUCCESS);
}

TEST(a_model_for_two_cores_needs_exactly_two) {
  Inference inference("two_cores.hbm");
  Task task(inference);
  for (const std::uint64_t wrong :
       {std::uint64_t{HB_UCP_CORE_ANY}, std::uint64_t{HB_UCP_BPU_CORE_ANY}, kCore0, std::uint64_t{7}}) {
    CHECK_EQ(task.submit(wrong), HB_UCP_INVALID_ARGUMENT);
  }
  CHECK_EQ(task.submit(HB_UCP_BPU_CORE_1 | HB_UCP_BPU_CORE_3), HB_UCP_SUCCESS);
  CHECK_EQ(task.wait(), HB_UCP_SUCCESS);
  CHECK(inference.computed());
}

TEST(a_handle_is_submitted_once) {
  Inference inference;
  Task task(inference);
  CHECK_EQ(task.submit(), HB_UCP_SUCCESS);
  CHECK(task.submit() != HB_UCP_SUCCESS);
  CHECK_EQ(task.wait(), HB_UCP_SUCCESS);
  CHECK(task.submit() != HB_UCP_SUCCESS);
}

TEST(handles_that_are_no_live_task_are_refused) {
  ucp::onlyOnBpusim();
  for (const hbUCPTaskHandle_t dead : ucp::deadTasks()) {
    CHECK_EQ(hbUCPSubmitTask(dead, nullptr), HB_UCP_TASK_HANDLE_INVALID);
  }
}

TEST(queued_tasks_run_by_priority_then_custom_id_then_arrival) {
  ucp::onlyOnBpusim();  // a callback holds its core there
  struct Case {
    std::int32_t priority;
    std::int64_t customId;
  };
  const std::vector<Case> arrivals = {{0, 0}, {5, 9}, {5, 3}, {255, 0}, {0, -1}, {254, 0}, {5, 3}, {0, 0}};
  const std::vector<int> expected = {-1, 3, 5, 2, 6, 1, 4, 0, 7};
  Order order;
  Gate gate;
  std::deque<Inference> inferences(arrivals.size() + 1);
  std::deque<Member> members;
  std::deque<Task> tasks;
  const auto queue = [&](int index, const Case& as, Gate* before) {
    tasks.emplace_back(inferences[static_cast<std::size_t>(index + 1)]);
    members.push_back({&order, index, before});
    CHECK_EQ(hbUCPSetTaskDoneCb(tasks.back().handle, noteEnd, &members.back()), HB_UCP_SUCCESS);
    hbUCPSchedParam param = parameters(kCore0, as.priority, as.customId);
    CHECK_EQ(hbUCPSubmitTask(tasks.back().handle, &param), HB_UCP_SUCCESS);
  };
  queue(-1, {255, INT64_MIN}, &gate);
  for (std::size_t i = 0; i < arrivals.size(); ++i) {
    queue(static_cast<int>(i), arrivals[i], nullptr);
  }
  gate.open();
  for (const Task& task : tasks) {
    CHECK_EQ(task.wait(), HB_UCP_SUCCESS);
  }
  CHECK(order.ended == expected);
}

TEST(two_cores_run_two_tasks_at_once) {
  ucp::onlyOnBpusim();
  Inference first;
  Inference second;
  Order order;
  Gate gate;
  Member held{&order, 0, &gate};
  Task blocked(first);
  CHECK_EQ(hbUCPSetTaskDoneCb(blocked.handle, noteEnd, &held), HB_UCP_SUCCESS);
  CHECK_EQ(blocked.submit(HB_UCP_BPU_CORE_0), HB_UCP_SUCCESS);
  Task free(second);
  CHECK_EQ(free.submit(HB_UCP_BPU_CORE_1), HB_UCP_SUCCESS);
  CHECK_EQ(free.wait(), HB_UCP_SUCCESS);
  CHECK(order.ended.empty());
  gate.open();
  CHECK_EQ(blocked.wait(), HB_UCP_SUCCESS);
}
