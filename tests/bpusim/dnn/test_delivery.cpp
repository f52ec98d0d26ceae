// Results that the driver keeps for the client: of outputs without memory, and of those that do not suit it.
#include <algorithm>
#include <numeric>

#include "bpusim/dnn/load_options_scope.hpp"
#include "conformance/dnn_support.hpp"

using dnn::driver;
using dnn::errorNames;
using dnn::Options;
using dnn::Packed;
using dnn::Task;
using dnn::Tensors;

namespace {

constexpr bpusimLoadOptions delivery() {
  bpusimLoadOptions options{};
  options.deliverOutputs = 1;
  return options;
}

std::int64_t liveBytes() {
  bpusimLive live{};
  CHECK_EQ(driver().getLive(&live), HB_UCP_SUCCESS);
  return live.allocatedBytes;
}

// Takes the memory of all outputs away.
void withoutMemory(Tensors& tensors) {
  for (hbDNNTensor& output : tensors.outputs) {
    output.sysMem = {};
  }
}

std::vector<bpusimResult> take(const Task& task, std::size_t count) {
  std::vector<bpusimResult> results(count);
  CHECK_EQ(driver().takeResults(results.data(), static_cast<std::int32_t>(count), task.handle, 0), HB_UCP_SUCCESS);
  return results;
}

std::vector<std::int32_t> shapeOf(const Task& task, std::int32_t output) {
  hbDNNTensorProperties properties{};
  CHECK_EQ(hbDNNGetTaskOutputTensorProperties(&properties, task.handle, 0, output), HB_DNN_SUCCESS);
  return {properties.validShape.dimensionSize,
          properties.validShape.dimensionSize + properties.validShape.numDimensions};
}

template <class Element>
std::vector<Element> elements(const bpusimResult& result) {
  const auto* const data = static_cast<const Element*>(result.data);
  return {data, data + result.size / sizeof(Element)};
}

// Memory for tensors whose size the model leaves open.
void open(hbDNNTensorProperties& properties) {
  dnn::fillOpen(properties, {6, 3});
  properties.alignedByteSize = properties.alignedByteSize < 0 ? 256 : properties.alignedByteSize;
}

}  // namespace

TEST(outputs_without_memory_are_computed_once_and_kept) {
  const Options options(delivery());
  const Packed packed({"nonzero.onnx"});
  Tensors tensors(packed.model(), {}, open);
  withoutMemory(tensors);
  for (const int zeros : {1, 4, 6}) {
    dnn::count<float>(tensors.inputs[0]);
    std::memset(tensors.inputs[0].sysMem.virAddr, 0, static_cast<std::size_t>(zeros) * 4);
    Task task;
    CHECK_EQ(dnn::run(packed.model(), tensors, task), HB_DNN_SUCCESS);
    CHECK(shapeOf(task, 0) == (std::vector<std::int32_t>{1, 6 - zeros}));
    const bpusimResult result = take(task, 1)[0];
    CHECK(result.owner != nullptr);
    std::vector<std::int64_t> expected(static_cast<std::size_t>(6 - zeros));
    std::iota(expected.begin(), expected.end(), zeros);
    CHECK(elements<std::int64_t>(result) == expected);
    driver().releaseResult(result.owner);
  }
}

TEST(a_result_outlives_its_task_and_model_and_counts_until_it_is_released) {
  const std::int64_t before = liveBytes();
  bpusimResult result{};
  {
    const Options options(delivery());
    const Packed packed({"affine.onnx"});
    Tensors tensors(packed.model());
    dnn::count<float>(tensors.inputs[0]);
    withoutMemory(tensors);
    Task task;
    CHECK_EQ(dnn::run(packed.model(), tensors, task), HB_DNN_SUCCESS);
    result = take(task, 1)[0];
    CHECK(take(task, 1)[0].owner == nullptr);  // it is gone
  }
  CHECK_EQ(liveBytes() - before, static_cast<std::int64_t>(result.size));
  CHECK_EQ(elements<float>(result)[1], 3.0F);
  static_cast<float*>(result.data)[0] = 7.0F;
  driver().releaseResult(result.owner);
  CHECK_EQ(liveBytes(), before);
  driver().releaseResult(nullptr);
}

TEST(results_that_nobody_takes_go_with_their_task) {
  const Options options(delivery());
  const Packed packed({"affine.onnx"});
  Tensors tensors(packed.model());
  const std::int64_t before = liveBytes();
  withoutMemory(tensors);
  CHECK_EQ(dnn::run(packed.model(), tensors), HB_DNN_SUCCESS);
  CHECK_EQ(liveBytes(), before);
}

TEST(a_result_that_suits_its_memory_is_there) {
  const Options options(delivery());
  const Packed packed({"affine.onnx"});
  for (int run = 0; run < 3; ++run) {
    Tensors tensors(packed.model());
    dnn::count<float>(tensors.inputs[0]);
    Task task;
    CHECK_EQ(dnn::run(packed.model(), tensors, task), HB_DNN_SUCCESS);
    CHECK(take(task, 1)[0].owner == nullptr);
    CHECK(dnn::counts<float>(tensors.outputs[0], 2, 1));
  }
}

TEST(a_wrong_declaration_is_delivered_as_it_comes) {
  const Options options(delivery());
  const Packed packed({"wrong_shape.onnx"});
  for (const std::int32_t size : {3, 3, 6, 1}) {
    Tensors tensors(
        packed.model(), [&](hbDNNTensorProperties& properties) { dnn::fillOpen(properties, {size}); }, open);
    dnn::count<float>(tensors.inputs[0]);
    Task task;
    CHECK_EQ(dnn::run(packed.model(), tensors, task), HB_DNN_SUCCESS);
    const bpusimResult result = take(task, 1)[0];
    CHECK(shapeOf(task, 0) == std::vector<std::int32_t>{size});
    CHECK_EQ(result.owner == nullptr, size == 3);
    if (result.owner == nullptr) {
      CHECK(dnn::counts<float>(tensors.outputs[0], -1, 0));
    } else {
      CHECK_EQ(result.size, static_cast<std::uint64_t>(size) * 4);
      CHECK_EQ(elements<float>(result).back(), static_cast<float>(1 - size));
    }
    driver().releaseResult(result.owner);
  }
}

TEST(an_output_that_is_an_input_has_memory_of_its_own) {
  const Options options(delivery());
  const Packed packed({"input_is_output.onnx"});
  Tensors tensors(packed.model());
  dnn::count<float>(tensors.inputs[0]);
  Tensors copy(packed.model());
  for (const bool given : {false, true, true}) {
    if (given) {
      tensors.outputs = copy.outputs;
    } else {
      withoutMemory(tensors);
    }
    Task task;
    CHECK_EQ(dnn::run(packed.model(), tensors, task), HB_DNN_SUCCESS);
    const std::vector<bpusimResult> results = take(task, 2);
    CHECK_EQ(results[1].owner == nullptr, given);
    if (given) {
      CHECK(dnn::counts<float>(tensors.outputs[1], 1, 0));
    } else {
      CHECK(results[1].data != tensors.inputs[0].sysMem.virAddr);
      CHECK_EQ(elements<float>(results[1])[5], 5.0F);
    }
    for (const bpusimResult& result : results) {
      driver().releaseResult(result.owner);
    }
  }
}

TEST(wrong_uses_are_refused) {
  {
    const Packed strict({"affine.onnx"});
    Tensors tensors(strict.model());
    withoutMemory(tensors);
    Task task;
    CHECK_EQ(hbDNNInferV2(&task.handle, tensors.outputs.data(), tensors.inputs.data(), strict.model()),
             HB_DNN_INVALID_ARGUMENT);
  }
  const Options options(delivery());
  const Packed packed({"affine.onnx"});
  Tensors tensors(packed.model());
  Task task;
  CHECK_EQ(dnn::run(packed.model(), tensors, task), HB_DNN_SUCCESS);
  bpusimResult results[2];
  CHECK_EQ(driver().takeResults(nullptr, 1, task.handle, 0), HB_UCP_INVALID_ARGUMENT);
  CHECK_EQ(driver().takeResults(results, 2, task.handle, 0), HB_UCP_INVALID_ARGUMENT);
  CHECK_EQ(driver().takeResults(results, -1, task.handle, 0), HB_UCP_INVALID_ARGUMENT);
  CHECK_EQ(driver().takeResults(results, 1, task.handle, 1), HB_UCP_INVALID_ARGUMENT);
  CHECK_EQ(driver().takeResults(results, 1, nullptr, 0), HB_UCP_TASK_HANDLE_INVALID);
  // A synchronous inference leaves nothing that results could be taken from.
  withoutMemory(tensors);
  CHECK_EQ(hbDNNInferV2(nullptr, tensors.outputs.data(), tensors.inputs.data(), packed.model()),
           HB_DNN_INVALID_ARGUMENT);
}

TEST(without_delivery_a_wrong_declaration_fails_the_task) {
  const Packed packed({"wrong_shape.onnx"});
  for (const std::int32_t size : {3, 6, 3, 2}) {
    Tensors tensors(
        packed.model(), [&](hbDNNTensorProperties& properties) { dnn::fillOpen(properties, {size}); }, open);
    CHECK_EQ(dnn::run(packed.model(), tensors), size == 3 ? HB_DNN_SUCCESS : HB_DNN_RUN_TASK_FAILED);
    CHECK(size == 3 ||
          errorNames("output 'y': the result has the shape (" + std::to_string(size) + "), the model declares (3)"));
  }
}
