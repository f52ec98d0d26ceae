#include <deque>

#include "ucp_support.hpp"

using ucp::Inference;
using ucp::Task;

TEST(an_ended_task_is_released_and_its_model_may_go) {
  for (int round = 0; round < 50; ++round) {
    dnn::Packed packed({"affine.onnx"});
    dnn::Tensors tensors(packed.model());
    dnn::Task task;
    CHECK_EQ(dnn::run(packed.model(), tensors, task), HB_DNN_SUCCESS);
    CHECK_EQ(task.release(), HB_UCP_SUCCESS);
    CHECK_EQ(hbDNNRelease(packed.giveUp()), HB_DNN_SUCCESS);
  }
}

TEST(a_task_that_was_never_submitted_is_released) {
  const std::int64_t before = ucp::live().tasks;
  Inference inference;
  Task task(inference);
  CHECK_EQ(task.release(), HB_UCP_SUCCESS);
  CHECK_EQ(ucp::live().tasks, before);
  CHECK(!inference.computed());
}

TEST(a_failed_task_needs_its_release_too) {
  const dnn::Packed packed({"reshape.onnx"});
  dnn::Tensors tensors(packed.model(), {}, [](hbDNNTensorProperties& open) { dnn::fillOpen(open, {3, 2}); });
  dnn::count<float>(tensors.inputs[0]);
  dnn::at<std::int64_t>(tensors.inputs[1], {0}) = 100;
  dnn::at<std::int64_t>(tensors.inputs[1], {1}) = 100;
  for (int round = 0; round < 40; ++round) {
    dnn::Task task;
    CHECK_EQ(dnn::run(packed.model(), tensors, task), HB_DNN_RUN_TASK_FAILED);
    CHECK_EQ(task.release(), HB_UCP_SUCCESS);
  }
}

TEST(a_running_task_goes_on_after_its_release_and_is_freed_when_it_has_ended) {
  ucp::onlyOnBpusim();
  struct Ended {
    ucp::Gate gate;
    std::int32_t status = 1;
  } ended;
  Inference inference;
  Task task(inference);
  CHECK_EQ(hbUCPSetTaskDoneCb(
               task.handle,
               [](hbUCPTaskHandle_t, std::int32_t status, void* userdata) {
                 auto& self = *static_cast<Ended*>(userdata);
                 self.status = status;
                 self.gate.open();
               },
               &ended),
           HB_UCP_SUCCESS);
  CHECK_EQ(task.submit(), HB_UCP_SUCCESS);
  CHECK_EQ(task.release(), HB_UCP_SUCCESS);
  CHECK(ended.gate.pass());
  CHECK_EQ(ended.status, HB_UCP_SUCCESS);
  CHECK(inference.computed());
}

TEST(tasks_are_limited_and_releasing_one_makes_room) {
  ucp::onlyOnBpusim();
  Inference inference;
  std::deque<Task> tasks;
  for (int i = 0; i < 32; ++i) {
    tasks.emplace_back(inference);
  }
  hbUCPTaskHandle_t more = nullptr;
  CHECK_EQ(inference.into(&more), HB_DNN_TASK_NUM_EXCEED_LIMIT);
  CHECK(more == nullptr);
  CHECK_EQ(ucp::live().tasks, 32);
  CHECK_EQ(inference.into(nullptr), HB_DNN_SUCCESS);
  CHECK_EQ(tasks.front().release(), HB_UCP_SUCCESS);
  CHECK_EQ(inference.into(&more), HB_DNN_SUCCESS);
  CHECK_EQ(hbUCPReleaseTask(more), HB_UCP_SUCCESS);
}

TEST(handles_that_are_no_live_task_are_refused) {
  ucp::onlyOnBpusim();
  for (const hbUCPTaskHandle_t dead : ucp::deadTasks()) {
    CHECK_EQ(hbUCPReleaseTask(dead), HB_UCP_TASK_HANDLE_INVALID);
  }
}
