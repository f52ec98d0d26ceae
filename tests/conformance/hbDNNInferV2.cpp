// Arguments and tasks; shapes, strides, memory and numbers stand in files of their own.
#include <thread>

#include "dnn_support.hpp"

using dnn::errorNames;
using dnn::Packed;
using dnn::Task;
using dnn::Tensors;

TEST(a_task_is_made_and_runs_when_it_is_submitted) {
  const Packed packed({"affine.onnx"});
  Tensors tensors(packed.model());
  dnn::count<float>(tensors.inputs[0]);
  Task task;
  CHECK_EQ(hbDNNInferV2(&task.handle, tensors.outputs.data(), tensors.inputs.data(), packed.model()), HB_DNN_SUCCESS);
  CHECK(task.handle != nullptr);
  CHECK(!dnn::counts<float>(tensors.outputs[0], 2, 1));
  CHECK_EQ(task.submit(), HB_UCP_SUCCESS);
  CHECK_EQ(task.wait(), HB_UCP_SUCCESS);
  CHECK(dnn::counts<float>(tensors.outputs[0], 2, 1));
}

TEST(without_a_task_pointer_it_runs_to_the_end) {
  const Packed packed({"affine.onnx"});
  Tensors tensors(packed.model());
  dnn::count<float>(tensors.inputs[0]);
  CHECK_EQ(hbDNNInferV2(nullptr, tensors.outputs.data(), tensors.inputs.data(), packed.model()), HB_DNN_SUCCESS);
  CHECK(dnn::counts<float>(tensors.outputs[0], 2, 1));
}

TEST(the_descriptors_are_copied) {
  const Packed packed({"affine.onnx"});
  Tensors tensors(packed.model());
  dnn::count<float>(tensors.inputs[0]);
  Task task;
  {
    std::vector<hbDNNTensor> inputs = tensors.inputs;
    std::vector<hbDNNTensor> outputs = tensors.outputs;
    CHECK_EQ(hbDNNInferV2(&task.handle, outputs.data(), inputs.data(), packed.model()), HB_DNN_SUCCESS);
    std::memset(static_cast<void*>(inputs.data()), 0xff, sizeof(hbDNNTensor));
    std::memset(static_cast<void*>(outputs.data()), 0xff, sizeof(hbDNNTensor));
  }
  CHECK_EQ(task.submit(), HB_UCP_SUCCESS);
  CHECK_EQ(task.wait(), HB_UCP_SUCCESS);
  CHECK(dnn::counts<float>(tensors.outputs[0], 2, 1));
}

TEST(inferences_are_added_to_a_task_until_it_is_submitted) {
  const Packed packed({"affine.onnx", "plain.hbm"});
  Tensors first(packed.model("affine"));
  Tensors second(packed.model("plain"));
  dnn::count<float>(first.inputs[0]);
  dnn::count<float>(second.inputs[0]);
  Task task;
  CHECK_EQ(hbDNNInferV2(&task.handle, first.outputs.data(), first.inputs.data(), packed.model("affine")),
           HB_DNN_SUCCESS);
  const hbUCPTaskHandle_t handle = task.handle;
  CHECK_EQ(hbDNNInferV2(&task.handle, second.outputs.data(), second.inputs.data(), packed.model("plain")),
           HB_DNN_SUCCESS);
  CHECK(task.handle == handle);
  CHECK_EQ(task.submit(), HB_UCP_SUCCESS);
  CHECK_EQ(task.wait(), HB_UCP_SUCCESS);
  CHECK(dnn::counts<float>(first.outputs[0], 2, 1));
  CHECK(dnn::counts<float>(second.outputs[0], 2, 1));
  CHECK_EQ(hbDNNInferV2(&task.handle, first.outputs.data(), first.inputs.data(), packed.model("affine")),
           HB_DNN_API_USE_ERROR);
}

TEST(a_refused_inference_leaves_a_task_as_it_was) {
  const Packed packed({"affine.onnx"});
  Tensors tensors(packed.model());
  dnn::count<float>(tensors.inputs[0]);
  Task task;
  CHECK_EQ(hbDNNInferV2(&task.handle, tensors.outputs.data(), tensors.inputs.data(), packed.model()), HB_DNN_SUCCESS);
  const hbUCPTaskHandle_t handle = task.handle;
  CHECK_EQ(hbDNNInferV2(&task.handle, nullptr, tensors.inputs.data(), packed.model()), HB_DNN_INVALID_ARGUMENT);
  CHECK(task.handle == handle);
  CHECK_EQ(task.submit(), HB_UCP_SUCCESS);
  CHECK_EQ(task.wait(), HB_UCP_SUCCESS);
}

TEST(wrong_arguments_are_refused) {
  const Packed packed({"affine.onnx"});
  Tensors tensors(packed.model());
  hbUCPTaskHandle_t handle = nullptr;
  CHECK_EQ(hbDNNInferV2(&handle, nullptr, tensors.inputs.data(), packed.model()), HB_DNN_INVALID_ARGUMENT);
  CHECK(errorNames("outputs is NULL"));
  CHECK_EQ(hbDNNInferV2(&handle, tensors.outputs.data(), nullptr, packed.model()), HB_DNN_INVALID_ARGUMENT);
  CHECK(errorNames("inputs is NULL"));
  CHECK_EQ(hbDNNInferV2(nullptr, tensors.outputs.data(), nullptr, packed.model()), HB_DNN_INVALID_ARGUMENT);
  for (const hbDNNHandle_t dead : dnn::deadModels()) {
    CHECK_EQ(hbDNNInferV2(&handle, tensors.outputs.data(), tensors.inputs.data(), dead), HB_DNN_INVALID_DNN_HANDLE);
  }
  CHECK(handle == nullptr);
}

TEST(foreign_and_released_tasks_are_refused) {
  const Packed packed({"affine.onnx"});
  Tensors tensors(packed.model());
  Task task;
  CHECK_EQ(dnn::run(packed.model(), tensors, task), HB_DNN_SUCCESS);
  const hbUCPTaskHandle_t released = task.handle;
  task.release();
  for (const hbUCPTaskHandle_t wrong : {released, dnn::invented<hbUCPTaskHandle_t>(16), packed.model()}) {
    hbUCPTaskHandle_t handle = wrong;
    CHECK_EQ(hbDNNInferV2(&handle, tensors.outputs.data(), tensors.inputs.data(), packed.model()),
             HB_DNN_INVALID_TASK_HANDLE);
    CHECK(handle == wrong);
  }
}

TEST(a_model_without_inputs_runs) {
  const Packed packed({"no_input.onnx"});
  Tensors tensors(packed.model());
  CHECK_EQ(hbDNNInferV2(nullptr, tensors.outputs.data(), nullptr, packed.model()), HB_DNN_SUCCESS);
  CHECK(dnn::counts<float>(tensors.outputs[0], 1, 3));
}

TEST(a_failing_operator_fails_the_task_and_not_the_next_one) {
  const Packed packed({"reshape.onnx"});
  Tensors tensors(packed.model(), {}, [](hbDNNTensorProperties& properties) { dnn::fillOpen(properties, {3, 2}); });
  dnn::count<float>(tensors.inputs[0]);
  const auto runWith = [&](std::int64_t rows, std::int64_t columns) {
    dnn::at<std::int64_t>(tensors.inputs[1], {0}) = rows;
    dnn::at<std::int64_t>(tensors.inputs[1], {1}) = columns;
    return dnn::run(packed.model(), tensors);
  };
  CHECK_EQ(runWith(4, 2), HB_DNN_RUN_TASK_FAILED);
  CHECK(errorNames("model 'reshape'"));
  CHECK_EQ(runWith(3, 2), HB_DNN_SUCCESS);
}

TEST(the_synchronous_form_refuses_models_for_several_cores) {
  const Packed packed({"two_cores.hbm"});
  Tensors tensors(packed.model());
  CHECK_EQ(hbDNNInferV2(nullptr, tensors.outputs.data(), tensors.inputs.data(), packed.model()), HB_DNN_API_USE_ERROR);
  dnn::needCores(2);
  dnn::count<float>(tensors.inputs[0]);
  Task task;
  CHECK_EQ(hbDNNInferV2(&task.handle, tensors.outputs.data(), tensors.inputs.data(), packed.model()), HB_DNN_SUCCESS);
  CHECK_EQ(task.submit(HB_UCP_BPU_CORE_0 | HB_UCP_BPU_CORE_1), HB_UCP_SUCCESS);
  CHECK_EQ(task.wait(), HB_UCP_SUCCESS);
  CHECK(dnn::counts<float>(tensors.outputs[0], 2, 1));
}

TEST(models_for_several_cores_need_a_task_of_their_own) {
  const Packed packed({"two_cores.hbm", "affine.onnx"});
  Tensors wide(packed.model("two_cores"));
  Tensors narrow(packed.model("affine"));
  for (const bool wideFirst : {true, false}) {
    Task task;
    Tensors& first = wideFirst ? wide : narrow;
    Tensors& second = wideFirst ? narrow : wide;
    CHECK_EQ(hbDNNInferV2(&task.handle, first.outputs.data(), first.inputs.data(),
                          packed.model(wideFirst ? "two_cores" : "affine")),
             HB_DNN_SUCCESS);
    CHECK_EQ(hbDNNInferV2(&task.handle, second.outputs.data(), second.inputs.data(),
                          packed.model(wideFirst ? "affine" : "two_cores")),
             HB_DNN_API_USE_ERROR);
  }
}

TEST(a_task_takes_32_sub_tasks) {
  const Packed packed({"affine.onnx"});
  Tensors tensors(packed.model());
  Task task;
  const auto add = [&] {
    return hbDNNInferV2(&task.handle, tensors.outputs.data(), tensors.inputs.data(), packed.model());
  };
  for (int i = 0; i < 32; ++i) {
    CHECK_EQ(add(), HB_DNN_SUCCESS);
  }
  dnn::needExtension();
  CHECK_EQ(add(), HB_DNN_TASK_BATCH_SIZE_EXCEED_LIMIT);
  CHECK_EQ(task.submit(), HB_UCP_SUCCESS);
  CHECK_EQ(task.wait(), HB_UCP_SUCCESS);
}

TEST(threads_share_a_model) {
  const Packed packed({"padded.hbm"});
  const hbDNNHandle_t model = packed.model();
  std::vector<std::thread> threads;
  std::vector<int> failures(4, 0);
  for (int& failed : failures) {
    threads.emplace_back([&failed, model] {
      try {
        Tensors tensors(model);
        dnn::count<float>(tensors.inputs[0]);
        for (int i = 0; i < 50; ++i) {
          std::memset(tensors.outputs[0].sysMem.virAddr, 0, tensors.outputs[0].sysMem.memSize);
          failed += dnn::run(model, tensors) == HB_DNN_SUCCESS && dnn::counts<float>(tensors.outputs[0], 2, 1) ? 0 : 1;
        }
      } catch (const check::Failure&) {
        ++failed;
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  CHECK(failures == std::vector<int>(4, 0));
}
