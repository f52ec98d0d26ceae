#include <atomic>
#include <thread>

#include "ucp_support.hpp"

using ucp::Inference;
using ucp::Task;

namespace {

struct Seen {
  ucp::Gate called;
  std::atomic<int> calls{0};
  hbUCPTaskHandle_t handle = nullptr;
  std::int32_t status = 1;
  std::thread::id thread;
};

void note(hbUCPTaskHandle_t handle, std::int32_t status, void* userdata) {
  auto& seen = *static_cast<Seen*>(userdata);
  seen.handle = handle;
  seen.status = status;
  seen.thread = std::this_thread::get_id();
  ++seen.calls;
  seen.called.open();
}

}  // namespace

TEST(it_is_called_once_with_handle_status_and_userdata) {
  Seen seen;
  Inference inference;
  Task task(inference);
  CHECK_EQ(hbUCPSetTaskDoneCb(task.handle, note, &seen), HB_UCP_SUCCESS);
  CHECK_EQ(task.submit(), HB_UCP_SUCCESS);
  CHECK(seen.called.pass());
  CHECK_EQ(task.wait(), HB_UCP_SUCCESS);
  CHECK_EQ(seen.calls.load(), 1);
  CHECK(seen.handle == task.handle);
  CHECK_EQ(seen.status, HB_UCP_SUCCESS);
  CHECK(seen.thread != std::this_thread::get_id());
  CHECK(inference.computed());
}

TEST(it_tells_that_the_task_failed) {
  const dnn::Packed packed({"reshape.onnx"});
  dnn::Tensors tensors(packed.model(), {}, [](hbDNNTensorProperties& open) { dnn::fillOpen(open, {3, 2}); });
  dnn::count<float>(tensors.inputs[0]);
  dnn::at<std::int64_t>(tensors.inputs[1], {0}) = 100;
  dnn::at<std::int64_t>(tensors.inputs[1], {1}) = 100;
  Seen seen;
  dnn::Task task;
  CHECK_EQ(hbDNNInferV2(&task.handle, tensors.outputs.data(), tensors.inputs.data(), packed.model()), HB_DNN_SUCCESS);
  CHECK_EQ(hbUCPSetTaskDoneCb(task.handle, note, &seen), HB_UCP_SUCCESS);
  CHECK_EQ(task.submit(), HB_UCP_SUCCESS);
  CHECK(seen.called.pass());
  CHECK_EQ(seen.status, HB_UCP_TASK_RUN_FAILED);
  CHECK_EQ(task.wait(), seen.status);
}

TEST(outputs_may_be_read_and_the_task_released_inside_it) {
  struct Inside {
    Seen seen;
    std::int32_t properties = 1;
    std::int32_t released = 1;
  } inside;
  Inference inference;
  Task task(inference);
  const auto finish = [](hbUCPTaskHandle_t handle, std::int32_t status, void* userdata) {
    auto& self = *static_cast<Inside*>(userdata);
    hbDNNTensorProperties properties{};
    self.properties = hbDNNGetTaskOutputTensorProperties(&properties, handle, 0, 0);
    self.released = hbUCPReleaseTask(handle);
    note(handle, status, &self.seen);
  };
  CHECK_EQ(hbUCPSetTaskDoneCb(task.handle, finish, &inside), HB_UCP_SUCCESS);
  CHECK_EQ(task.submit(), HB_UCP_SUCCESS);
  CHECK(inside.seen.called.pass());
  task.handle = nullptr;
  CHECK_EQ(inside.properties, HB_DNN_SUCCESS);
  CHECK_EQ(inside.released, HB_UCP_SUCCESS);
}

TEST(the_last_one_before_submit_counts_and_null_removes_it) {
  ucp::onlyOnBpusim();
  Seen first;
  Seen second;
  Inference inference;
  {
    Task task(inference);
    CHECK_EQ(hbUCPSetTaskDoneCb(task.handle, note, &first), HB_UCP_SUCCESS);
    CHECK_EQ(hbUCPSetTaskDoneCb(task.handle, note, &second), HB_UCP_SUCCESS);
    CHECK_EQ(task.submit(), HB_UCP_SUCCESS);
    CHECK_EQ(hbUCPSetTaskDoneCb(task.handle, note, &first), HB_UCP_API_USE_ERROR);
    CHECK_EQ(task.wait(), HB_UCP_SUCCESS);
    CHECK_EQ(hbUCPSetTaskDoneCb(task.handle, note, &first), HB_UCP_API_USE_ERROR);
  }
  CHECK_EQ(first.calls.load(), 0);
  CHECK_EQ(second.calls.load(), 1);
  {
    Task task(inference);
    CHECK_EQ(hbUCPSetTaskDoneCb(task.handle, note, &first), HB_UCP_SUCCESS);
    CHECK_EQ(hbUCPSetTaskDoneCb(task.handle, nullptr, nullptr), HB_UCP_SUCCESS);
    CHECK_EQ(task.submit(), HB_UCP_SUCCESS);
    CHECK_EQ(task.wait(), HB_UCP_SUCCESS);
  }
  CHECK_EQ(first.calls.load(), 0);
}

TEST(handles_that_are_no_live_task_are_refused) {
  ucp::onlyOnBpusim();
  for (const hbUCPTaskHandle_t dead : ucp::deadTasks()) {
    CHECK_EQ(hbUCPSetTaskDoneCb(dead, note, nullptr), HB_UCP_TASK_HANDLE_INVALID);
  }
}
