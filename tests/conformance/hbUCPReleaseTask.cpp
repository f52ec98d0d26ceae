#include <cstdlib>
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

namespace {

// What the callback of a task saw that was released before it had ended.
struct Ended {
  ucp::Gate gate;
  std::int32_t status = 1;

  static void note(hbUCPTaskHandle_t, std::int32_t status, void* userdata) {
    auto& self = *static_cast<Ended*>(userdata);
    self.status = status;
    self.gate.open();
  }
};

// When it returns, core 0 has nothing more to do with what ran there before: a task keeps its place among the 32 until
// its callback has returned.
void passCore0() {
  Inference inference;
  Task task(inference);
  CHECK_EQ(task.submit(HB_UCP_BPU_CORE_0), HB_UCP_SUCCESS);
  CHECK_EQ(task.wait(), HB_UCP_SUCCESS);
}

}  // namespace

TEST(a_queued_task_goes_on_after_its_release_and_is_freed_when_it_has_ended) {
  ucp::onlyOnBpusim();
  const std::int64_t before = ucp::live().tasks;
  Ended ended;
  Inference inference;
  {
    const ucp::HeldCore held(HB_UCP_BPU_CORE_0);
    Task task(inference);
    CHECK_EQ(hbUCPSetTaskDoneCb(task.handle, Ended::note, &ended), HB_UCP_SUCCESS);
    CHECK_EQ(task.submit(HB_UCP_BPU_CORE_0), HB_UCP_SUCCESS);
    const hbUCPTaskHandle_t handle = task.handle;
    CHECK_EQ(task.release(), HB_UCP_SUCCESS);
    CHECK_EQ(hbUCPWaitTaskDone(handle, 0), HB_UCP_TASK_HANDLE_INVALID);
    CHECK_EQ(hbUCPReleaseTask(handle), HB_UCP_TASK_HANDLE_INVALID);
    CHECK(!inference.computed());
  }
  CHECK(ended.gate.pass());
  CHECK_EQ(ended.status, HB_UCP_SUCCESS);
  CHECK(inference.computed());
  passCore0();
  CHECK_EQ(ucp::live().tasks, before);
}

TEST(a_running_task_goes_on_after_its_release_too) {
  ucp::onlyOnBpusim();
  Ended ended;
  Inference inference("slow.onnx");
  Task task(inference);
  CHECK_EQ(hbUCPSetTaskDoneCb(task.handle, Ended::note, &ended), HB_UCP_SUCCESS);
  CHECK_EQ(task.submit(HB_UCP_BPU_CORE_0), HB_UCP_SUCCESS);
  CHECK(ucp::eventually([] { return ucp::load(0).running == 1; }));
  CHECK_EQ(task.release(), HB_UCP_SUCCESS);
  CHECK(ended.gate.pass());
  CHECK_EQ(ended.status, HB_UCP_SUCCESS);
  passCore0();
}

TEST(tasks_are_limited_and_releasing_one_makes_room) {
  ucp::onlyOnBpusim();
  const char* const wanted = std::getenv("HB_UCP_MAX_TASK_NUM");
  const int limit = wanted == nullptr ? 32 : std::atoi(wanted);
  Inference inference;
  std::deque<Task> tasks;
  for (int i = 0; i < limit; ++i) {
    tasks.emplace_back(inference);
  }
  hbUCPTaskHandle_t more = nullptr;
  CHECK_EQ(inference.into(&more), HB_DNN_TASK_NUM_EXCEED_LIMIT);
  CHECK(more == nullptr);
  CHECK_EQ(ucp::live().tasks, limit);
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
