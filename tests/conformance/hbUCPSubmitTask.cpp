// Parameters and states; cores and order stand in files of their own.
#include <cstdint>

#include "ucp_support.hpp"

using ucp::Inference;
using ucp::parameters;
using ucp::Task;

namespace {

constexpr std::uint64_t kCore0 = HB_UCP_BPU_CORE_0;

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
