#include <algorithm>

#include "dnn_support.hpp"

using dnn::errorNames;
using dnn::Packed;
using dnn::Task;
using dnn::Tensors;

namespace {

hbDNNTensorProperties propertiesOf(const Task& task, std::int32_t output = 0, std::int32_t subTask = 0) {
  hbDNNTensorProperties properties;
  std::memset(&properties, 0x55, sizeof(properties));
  CHECK_EQ(hbDNNGetTaskOutputTensorProperties(&properties, task.handle, subTask, output), HB_DNN_SUCCESS);
  return properties;
}

std::vector<std::int32_t> shapeOf(const hbDNNTensorProperties& properties) {
  return {properties.validShape.dimensionSize,
          properties.validShape.dimensionSize + properties.validShape.numDimensions};
}

// Memory for an output that stays open.
Tensors::Change room(std::int64_t size) {
  return [size](hbDNNTensorProperties& properties) { properties.alignedByteSize = size; };
}

// Counts up the input and leaves it to the driver which of the numbers are not zero.
std::int32_t runNonZero(const Packed& packed, Tensors& tensors, Task& task, int zeros) {
  for (int i = 0; i < 6; ++i) {
    dnn::at<float>(tensors.inputs[0], {i}) = i < zeros ? 0.0F : 1.0F;
  }
  return dnn::run(packed.model(), tensors, task);
}

}  // namespace

TEST(static_outputs_report_what_the_model_says) {
  for (const char* const file : {"affine.onnx", "padded.hbm", "quantised.hbm"}) {
    const Packed packed({file});
    Tensors tensors(packed.model());
    Task task;
    CHECK_EQ(dnn::run(packed.model(), tensors, task), HB_DNN_SUCCESS);
    for (std::size_t i = 0; i < tensors.outputs.size(); ++i) {
      hbDNNTensorProperties expected{};
      CHECK_EQ(hbDNNGetOutputTensorProperties(&expected, packed.model(), static_cast<std::int32_t>(i)), HB_DNN_SUCCESS);
      const hbDNNTensorProperties got = propertiesOf(task, static_cast<std::int32_t>(i));
      CHECK(shapeOf(got) == shapeOf(expected));
      CHECK(std::equal(got.stride, got.stride + got.validShape.numDimensions, expected.stride));
      CHECK_EQ(got.alignedByteSize, expected.alignedByteSize);
      CHECK(got.scale.scaleData == expected.scale.scaleData);
      CHECK_EQ(got.quantizeAxis, expected.quantizeAxis);
    }
  }
}

TEST(dynamic_outputs_report_what_the_run_gave) {
  const Packed packed({"nonzero.onnx"});
  Tensors tensors(packed.model(), {}, room(64));
  for (const int zeros : {0, 2, 5, 6}) {
    Task task;
    CHECK_EQ(runNonZero(packed, tensors, task, zeros), HB_DNN_SUCCESS);
    const hbDNNTensorProperties got = propertiesOf(task);
    CHECK(shapeOf(got) == (std::vector<std::int32_t>{1, 6 - zeros}));
    CHECK_EQ(got.stride[1], 8);
    // A step over nothing is as long as one over one element.
    CHECK_EQ(got.stride[0], std::max(6 - zeros, 1) * 8);
    CHECK_EQ(got.alignedByteSize, got.stride[0]);
    const hbDNNTensor real = {tensors.outputs[0].sysMem, got};
    CHECK(dnn::counts<std::int64_t>(real, 1, zeros));
  }
}

TEST(an_output_of_unknown_rank_gets_one_by_the_run) {
  dnn::needExtension();
  const Packed packed({"unknown_rank.onnx"});
  for (const std::vector<std::int64_t>& shape : {std::vector<std::int64_t>{6}, {2, 3}, {1, 3, 1, 2}}) {
    Tensors tensors(
        packed.model(),
        [&](hbDNNTensorProperties& properties) {
          dnn::fillOpen(properties, {static_cast<std::int32_t>(shape.size())});
        },
        room(128));
    dnn::count<float>(tensors.inputs[0]);
    for (std::size_t i = 0; i < shape.size(); ++i) {
      dnn::at<std::int64_t>(tensors.inputs[1], {static_cast<std::int64_t>(i)}) = shape[i];
    }
    Task task;
    CHECK_EQ(dnn::run(packed.model(), tensors, task), HB_DNN_SUCCESS);
    const hbDNNTensorProperties got = propertiesOf(task);
    CHECK(shapeOf(got) == std::vector<std::int32_t>(shape.begin(), shape.end()));
    CHECK(dnn::counts<float>({tensors.outputs[0].sysMem, got}, 1, 0));
  }
}

TEST(an_upper_bound_is_enough_memory_for_every_shape) {
  const Packed packed({"resizer.hbm"});
  for (const auto& [height, width] : {std::pair{1, 1}, std::pair{3, 5}, std::pair{32, 32}, std::pair{16, 64}}) {
    Tensors tensors(packed.model(), [&, h = height, w = width](hbDNNTensorProperties& properties) {
      dnn::fillOpen(properties, {1, h, w, 1});
    });
    CHECK_EQ(tensors.outputs[0].sysMem.memSize, 4096U);
    int next = 0;
    dnn::forEach(tensors.inputs[0].properties.validShape, [&](const std::vector<std::int64_t>& index) {
      dnn::at<std::uint8_t>(tensors.inputs[0], index) = static_cast<std::uint8_t>(next++ % 251);
    });
    Task task;
    CHECK_EQ(dnn::run(packed.model(), tensors, task), HB_DNN_SUCCESS);
    const hbDNNTensorProperties got = propertiesOf(task);
    CHECK(shapeOf(got) == (std::vector<std::int32_t>{1, height, width, 1}));
    const hbDNNTensor real = {tensors.outputs[0].sysMem, got};
    CHECK_EQ(dnn::at<float>(real, {0, height - 1, width - 1, 0}), static_cast<float>((height * width - 1) % 251));
  }
}

TEST(gaps_of_the_model_are_zero_in_dynamic_outputs_too) {
  const Packed packed({"padded_rows.hbm"});
  // The caller leaves the step over rows open, fills it as it is, or makes it larger.
  for (const auto& [step, gap] : {std::pair{-1, 0}, std::pair{3 * 64, 0}, std::pair{512, 0xee}}) {
    Tensors tensors(
        packed.model(), [](hbDNNTensorProperties& p) { dnn::fillOpen(p, {2, 3, 5}); },
        [&, s = step](hbDNNTensorProperties& p) { p.stride[0] = s; });
    dnn::count<float>(tensors.inputs[0]);
    Task task;
    CHECK_EQ(dnn::run(packed.model(), tensors, task), HB_DNN_SUCCESS);
    const hbDNNTensor real = {tensors.outputs[0].sysMem, propertiesOf(task)};
    CHECK(shapeOf(real.properties) == (std::vector<std::int32_t>{2, 3, 5}));
    CHECK_EQ(real.properties.stride[0], step < 0 ? 3 * 64 : step);
    CHECK_EQ(real.properties.stride[1], 64);
    CHECK(dnn::counts<float>(real, 2, 1));
    CHECK_EQ(static_cast<const std::uint8_t*>(real.sysMem.virAddr)[20], gap);
    CHECK_EQ(static_cast<const std::uint8_t*>(real.sysMem.virAddr)[63], gap);
  }
}

TEST(a_result_that_does_not_fit_fails_the_task) {
  const Packed packed({"nonzero.onnx"});
  Tensors tensors(packed.model(), {}, room(24));
  Task fits;
  CHECK_EQ(runNonZero(packed, tensors, fits, 3), HB_DNN_SUCCESS);
  Task task;
  CHECK_EQ(runNonZero(packed, tensors, task, 2), HB_DNN_RUN_TASK_FAILED);
  CHECK(errorNames("the result spans 32 bytes, its memory has 24"));
}

TEST(each_sub_task_has_its_outputs) {
  const Packed packed({"nonzero.onnx", "affine.onnx"});
  Tensors first(packed.model("nonzero"), {}, room(64));
  Tensors second(packed.model("affine"));
  dnn::count<float>(first.inputs[0]);
  Task task;
  CHECK_EQ(hbDNNInferV2(&task.handle, first.outputs.data(), first.inputs.data(), packed.model("nonzero")),
           HB_DNN_SUCCESS);
  CHECK_EQ(hbDNNInferV2(&task.handle, second.outputs.data(), second.inputs.data(), packed.model("affine")),
           HB_DNN_SUCCESS);
  CHECK_EQ(task.submit(), HB_UCP_SUCCESS);
  CHECK_EQ(task.wait(), HB_UCP_SUCCESS);
  CHECK(shapeOf(propertiesOf(task, 0, 0)) == (std::vector<std::int32_t>{1, 5}));
  CHECK(shapeOf(propertiesOf(task, 0, 1)) == (std::vector<std::int32_t>{1, 3, 4}));
}

TEST(wrong_arguments_are_refused) {
  const Packed packed({"affine.onnx"});
  Tensors tensors(packed.model());
  Task task;
  CHECK_EQ(hbDNNInferV2(&task.handle, tensors.outputs.data(), tensors.inputs.data(), packed.model()), HB_DNN_SUCCESS);
  hbDNNTensorProperties properties{};
  // The task has not ended.
  CHECK_EQ(hbDNNGetTaskOutputTensorProperties(&properties, task.handle, 0, 0), HB_DNN_API_USE_ERROR);
  CHECK_EQ(task.submit(), HB_UCP_SUCCESS);
  CHECK_EQ(task.wait(), HB_UCP_SUCCESS);
  CHECK_EQ(hbDNNGetTaskOutputTensorProperties(nullptr, task.handle, 0, 0), HB_DNN_INVALID_ARGUMENT);
  for (const std::int32_t index : {-1, 1, 1000}) {
    CHECK_EQ(hbDNNGetTaskOutputTensorProperties(&properties, task.handle, index, 0), HB_DNN_INVALID_ARGUMENT);
    CHECK_EQ(hbDNNGetTaskOutputTensorProperties(&properties, task.handle, 0, index), HB_DNN_INVALID_ARGUMENT);
  }
  const hbUCPTaskHandle_t released = task.handle;
  task.release();
  for (const hbUCPTaskHandle_t wrong : {hbUCPTaskHandle_t{nullptr}, released, dnn::invented<hbUCPTaskHandle_t>(8)}) {
    CHECK_EQ(hbDNNGetTaskOutputTensorProperties(&properties, wrong, 0, 0), HB_DNN_INVALID_TASK_HANDLE);
  }
}
