#include <atomic>
#include <climits>
#include <optional>
#include <thread>
#include <vector>

#include "ucp_support.hpp"

using ucp::Inference;
using ucp::Task;

TEST(zero_waits_until_the_task_has_ended) {
  Inference inference("slow.onnx");
  Task slow(inference);
  CHECK_EQ(slow.submit(), HB_UCP_SUCCESS);
  CHECK_EQ(hbUCPWaitTaskDone(slow.handle, 0), HB_UCP_SUCCESS);
}

TEST(a_time_that_is_too_short_ends_in_a_time_out_and_waiting_can_go_on) {
  // About half a second of computing; where a callback can hold the core, as long as it takes.
  std::optional<ucp::HeldCore> held;
  if (dnn::extension() != nullptr) {
    held.emplace(HB_UCP_BPU_CORE_0);
  }
  Inference inference("slow.onnx");
  Task slow(inference);
  CHECK_EQ(slow.submit(HB_UCP_BPU_CORE_0), HB_UCP_SUCCESS);
  CHECK_EQ(hbUCPWaitTaskDone(slow.handle, 1), HB_UCP_TASK_TIMEOUT);
  CHECK_EQ(hbUCPWaitTaskDone(slow.handle, 2), HB_UCP_TASK_TIMEOUT);
  held.reset();
  CHECK_EQ(hbUCPWaitTaskDone(slow.handle, INT_MAX), HB_UCP_SUCCESS);
}

TEST(waiting_again_gives_the_same_status) {
  Inference inference;
  Task task(inference);
  CHECK_EQ(task.submit(), HB_UCP_SUCCESS);
  for (const std::int32_t time : {0, 0, 1, 1000}) {
    CHECK_EQ(hbUCPWaitTaskDone(task.handle, time), HB_UCP_SUCCESS);
  }
}

TEST(several_threads_may_wait_for_one_task) {
  Inference inference("slow.onnx");
  Task slow(inference);
  CHECK_EQ(slow.submit(), HB_UCP_SUCCESS);
  std::atomic<int> succeeded{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] { succeeded += hbUCPWaitTaskDone(slow.handle, 0) == HB_UCP_SUCCESS; });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  CHECK_EQ(succeeded.load(), 4);
}

TEST(the_status_of_a_failing_model_comes_here) {
  const dnn::Packed packed({"reshape.onnx"});
  dnn::Tensors tensors(packed.model(), {}, [](hbDNNTensorProperties& open) { dnn::fillOpen(open, {3, 2}); });
  dnn::count<float>(tensors.inputs[0]);
  dnn::at<std::int64_t>(tensors.inputs[1], {0}) = 100;
  dnn::at<std::int64_t>(tensors.inputs[1], {1}) = 100;
  dnn::Task task;
  CHECK_EQ(hbDNNInferV2(&task.handle, tensors.outputs.data(), tensors.inputs.data(), packed.model()), HB_DNN_SUCCESS);
  CHECK_EQ(task.submit(), HB_UCP_SUCCESS);
  for (int round = 0; round < 2; ++round) {
    CHECK_EQ(hbUCPWaitTaskDone(task.handle, 0), HB_UCP_TASK_RUN_FAILED);
    CHECK(dnn::errorNames("model 'reshape'"));
  }
}

TEST(wrong_waits_are_refused_at_once) {
  ucp::onlyOnBpusim();
  Inference inference;
  Task task(inference);
  CHECK_EQ(hbUCPWaitTaskDone(task.handle, 0), HB_UCP_API_USE_ERROR);
  CHECK_EQ(task.submit(), HB_UCP_SUCCESS);
  for (const std::int32_t time : {-1, INT_MIN}) {
    CHECK_EQ(hbUCPWaitTaskDone(task.handle, time), HB_UCP_INVALID_ARGUMENT);
  }
  for (const hbUCPTaskHandle_t dead : ucp::deadTasks()) {
    CHECK_EQ(hbUCPWaitTaskDone(dead, 0), HB_UCP_TASK_HANDLE_INVALID);
  }
}
