#include "dnn_support.hpp"

using dnn::errorNames;
using dnn::Packed;

TEST(handles_that_are_not_alive_are_refused) {
  Packed packed({"affine.onnx"});
  const hbDNNHandle_t model = packed.model();
  CHECK_EQ(hbDNNRelease(nullptr), HB_DNN_INVALID_PACKED_DNN_HANDLE);
  CHECK_EQ(hbDNNRelease(dnn::invented<hbDNNPackedHandle_t>(42)), HB_DNN_INVALID_PACKED_DNN_HANDLE);
  CHECK_EQ(hbDNNRelease(model), HB_DNN_INVALID_PACKED_DNN_HANDLE);
  const hbDNNPackedHandle_t handle = packed.giveUp();
  CHECK_EQ(hbDNNRelease(handle), HB_DNN_SUCCESS);
  CHECK_EQ(hbDNNRelease(handle), HB_DNN_INVALID_PACKED_DNN_HANDLE);
  CHECK(errorNames("released"));
}

TEST(a_released_handle_never_becomes_another_one) {
  Packed first({"affine.onnx"});
  const hbDNNPackedHandle_t old = first.giveUp();
  CHECK_EQ(hbDNNRelease(old), HB_DNN_SUCCESS);
  for (int i = 0; i < 10; ++i) {
    const Packed next({"affine.onnx"});
    CHECK(next.get() != old);
    CHECK_EQ(hbDNNRelease(old), HB_DNN_INVALID_PACKED_DNN_HANDLE);
  }
}

TEST(models_in_use_are_not_released) {
  Packed packed({"slow.onnx"});
  const hbDNNHandle_t model = packed.model();
  dnn::Tensors tensors(model);
  dnn::count<float>(tensors.inputs[0]);
  dnn::Task task;
  CHECK_EQ(hbDNNInferV2(&task.handle, tensors.outputs.data(), tensors.inputs.data(), model), HB_DNN_SUCCESS);
  CHECK_EQ(hbDNNRelease(packed.get()), HB_DNN_MODEL_IS_RUNNING);
  CHECK_EQ(task.submit(), HB_UCP_SUCCESS);
  CHECK_EQ(hbDNNRelease(packed.get()), HB_DNN_MODEL_IS_RUNNING);
  CHECK(errorNames("have not ended"));
  CHECK_EQ(task.wait(), HB_UCP_SUCCESS);
  CHECK(dnn::counts<float>(tensors.outputs[0], 1, 0));
  CHECK_EQ(hbDNNRelease(packed.giveUp()), HB_DNN_SUCCESS);
}

TEST(a_task_that_never_ran_lets_its_model_go_when_it_is_released) {
  Packed packed({"affine.onnx"});
  dnn::Tensors tensors(packed.model());
  dnn::Task task;
  CHECK_EQ(hbDNNInferV2(&task.handle, tensors.outputs.data(), tensors.inputs.data(), packed.model()), HB_DNN_SUCCESS);
  CHECK_EQ(hbDNNRelease(packed.get()), HB_DNN_MODEL_IS_RUNNING);
  CHECK_EQ(task.release(), HB_UCP_SUCCESS);
  CHECK_EQ(hbDNNRelease(packed.giveUp()), HB_DNN_SUCCESS);
}

TEST(an_ended_task_can_be_asked_after_its_model_is_gone) {
  Packed packed({"affine.onnx"});
  dnn::Tensors tensors(packed.model());
  dnn::Task task;
  CHECK_EQ(dnn::run(packed.model(), tensors, task), HB_DNN_SUCCESS);
  CHECK_EQ(hbDNNRelease(packed.giveUp()), HB_DNN_SUCCESS);
  hbDNNTensorProperties properties{};
  CHECK_EQ(hbDNNGetTaskOutputTensorProperties(&properties, task.handle, 0, 0), HB_DNN_SUCCESS);
  CHECK_EQ(properties.validShape.dimensionSize[2], 4);
}

TEST(release_gives_everything_back) {
  const bpusimInterface& driver = dnn::needExtension();
  bpusimLive before{};
  CHECK_EQ(driver.getLive(&before), HB_UCP_SUCCESS);
  {
    const Packed one({"affine.onnx", "plain.hbm"});
    const Packed other({"affine.onnx"});
    bpusimLive during{};
    CHECK_EQ(driver.getLive(&during), HB_UCP_SUCCESS);
    CHECK_EQ(during.packedModels, before.packedModels + 2);
  }
  bpusimLive after{};
  CHECK_EQ(driver.getLive(&after), HB_UCP_SUCCESS);
  CHECK_EQ(after.packedModels, before.packedModels);
}
