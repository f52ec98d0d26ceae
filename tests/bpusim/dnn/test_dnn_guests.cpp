// Who computes an inference that a thread offers to compute itself: it must not take longer than that thread expects.
// tests/stress/test_interrupt.py has the case of graphs that repeat parts.
#include <thread>
#include <vector>

#include "bpusim/dnn/load_options_scope.hpp"
#include "conformance/dnn_support.hpp"

using dnn::driver;
using dnn::Packed;
using dnn::Task;
using dnn::Tensors;

namespace {

// True if this thread has computed it, which then calls the callback, too.
bool ranHere(const Packed& packed, Tensors& tensors) {
  Task task;
  CHECK_EQ(hbDNNInferV2(&task.handle, tensors.outputs.data(), tensors.inputs.data(), packed.model()), HB_DNN_SUCCESS);
  std::thread::id thread;
  CHECK_EQ(hbUCPSetTaskDoneCb(
               task.handle,
               [](hbUCPTaskHandle_t /*task*/, std::int32_t status, void* userdata) {
                 CHECK_EQ(status, HB_UCP_SUCCESS);
                 *static_cast<std::thread::id*>(userdata) = std::this_thread::get_id();
               },
               &thread),
           HB_UCP_SUCCESS);
  hbUCPSchedParam param;
  HB_UCP_INITIALIZE_SCHED_PARAM(&param);
  param.backend = HB_UCP_BPU_CORE_ANY;
  CHECK_EQ(driver().submitHere(task.handle, &param), HB_UCP_SUCCESS);
  CHECK_EQ(task.wait(), HB_UCP_SUCCESS);
  return thread == std::this_thread::get_id();
}

}  // namespace

TEST(inputs_that_grow_are_computed_on_a_core) {
  const Packed packed({"dynamic.onnx"});
  const auto sized = [&](std::int32_t batch) {
    const auto open = [batch](hbDNNTensorProperties& properties) {
      dnn::fillOpen(properties, {batch, 3});
      properties.alignedByteSize = -1;
    };
    Tensors tensors(packed.model(), open, open);
    return ranHere(packed, tensors);
  };
  std::vector<bool> here;
  for (const std::int32_t batch : {2, 2, 4, 4, 1, 2, 2}) {
    here.push_back(sized(batch));
  }
  CHECK(here == (std::vector<bool>{false, true, false, true, true, false, true}));
}
