// The functions of the driver extension that are about models.
#include <sched.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "bpusim/dnn/load_options_scope.hpp"
#include "conformance/dnn_support.hpp"

using dnn::driver;
using dnn::errorNames;
using dnn::Options;
using dnn::Packed;
using dnn::Tensors;

namespace {

constexpr std::int64_t kMicrosecond = 1000;

std::int64_t nowNs() { return std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count(); }

std::vector<std::int32_t> shapeOf(const hbDNNTensorProperties& properties) {
  return {properties.validShape.dimensionSize,
          properties.validShape.dimensionSize + properties.validShape.numDimensions};
}

// The properties of the only output for these input shapes.
struct Inferred {
  std::int32_t status;
  hbDNNTensorProperties output;
};

Inferred infer(const Packed& packed, const std::vector<std::vector<std::int32_t>>& shapes) {
  std::vector<hbDNNTensor> inputs(shapes.size());
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    CHECK_EQ(hbDNNGetInputTensorProperties(&inputs[i].properties, packed.model(), static_cast<std::int32_t>(i)),
             HB_DNN_SUCCESS);
    inputs[i].properties.validShape.numDimensions = static_cast<std::int32_t>(shapes[i].size());
    std::copy(shapes[i].begin(), shapes[i].end(), inputs[i].properties.validShape.dimensionSize);
  }
  Inferred result{};
  result.status = driver().inferOutputProperties(&result.output, inputs.data(), 0, packed.model());
  return result;
}

}  // namespace

TEST(symbolic_dimensions_have_their_names) {
  const Packed packed({"dynamic_image.onnx"});
  const auto name = [&](std::int32_t isOutput, std::int32_t tensor, std::int32_t dimension) {
    const char* const text = driver().symbolicDimension(packed.model(), isOutput, tensor, dimension);
    return std::string(text == nullptr ? "none" : text);
  };
  for (const std::int32_t isOutput : {0, 1}) {
    CHECK_EQ(name(isOutput, 0, 0), std::string("none"));
    CHECK_EQ(name(isOutput, 0, 1), std::string("height"));
    CHECK_EQ(name(isOutput, 0, 2), std::string("width"));
    for (const auto& [tensor, dimension] : {std::pair{0, 3}, {0, -1}, {1, 0}, {-1, 0}}) {
      CHECK_EQ(name(isOutput, tensor, dimension), std::string("none"));
    }
  }
  CHECK(driver().symbolicDimension(nullptr, 0, 0, 0) == nullptr);
}

TEST(operations_are_the_graphs_nodes_in_order) {
  for (const char* const file : {"affine.onnx", "plain.hbm"}) {
    const Packed packed({file});
    const bpusimOperation* operations = nullptr;
    std::int32_t count = 0;
    CHECK_EQ(driver().getOperations(&operations, &count, packed.model()), HB_UCP_SUCCESS);
    CHECK_EQ(count, 2);
    CHECK_EQ(std::string(operations[0].name), std::string("mul"));
    CHECK_EQ(std::string(operations[0].type), std::string("Mul"));
    CHECK_EQ(std::string(operations[1].type), std::string("Add"));
    CHECK_EQ(driver().getOperations(nullptr, &count, packed.model()), HB_UCP_INVALID_ARGUMENT);
    CHECK_EQ(driver().getOperations(&operations, nullptr, packed.model()), HB_UCP_INVALID_ARGUMENT);
  }
  const bpusimOperation* operations = nullptr;
  std::int32_t count = 0;
  CHECK_EQ(driver().getOperations(&operations, &count, dnn::invented<hbDNNHandle_t>(3)), HB_UCP_INVALID_ARGUMENT);
}

TEST(output_sizes_are_told_for_input_shapes) {
  const Packed dynamic({"dynamic.onnx"});
  for (const std::int32_t batch : {1, 5, 100, 5}) {
    const Inferred got = infer(dynamic, {{batch, 3}});
    CHECK_EQ(got.status, HB_UCP_SUCCESS);
    CHECK(shapeOf(got.output) == (std::vector<std::int32_t>{batch, 3}));
    CHECK_EQ(got.output.stride[0], 12);
    CHECK(got.output.alignedByteSize >= batch * 12);
  }
  const Packed image({"dynamic_image.onnx"});
  const Inferred rows = infer(image, {{1, 5, 7}});
  CHECK(shapeOf(rows.output) == (std::vector<std::int32_t>{1, 5, 7}));
  CHECK_EQ(rows.output.stride[0], 140);
  CHECK_EQ(rows.output.stride[1], 28);
  const Packed concat({"concat.onnx"});
  CHECK(shapeOf(infer(concat, {{3}, {4}}).output) == std::vector<std::int32_t>{7});
  const Packed bounded({"resizer.hbm"});
  CHECK(shapeOf(infer(bounded, {{1, 2, 3, 1}}).output) == (std::vector<std::int32_t>{1, 2, 3, 1}));
}

TEST(static_outputs_are_told_as_they_are) {
  const Packed packed({"padded.hbm"});
  const Inferred got = infer(packed, {{2, 3, 5}});
  CHECK_EQ(got.status, HB_UCP_SUCCESS);
  CHECK(shapeOf(got.output) == (std::vector<std::int32_t>{2, 3, 5}));
  CHECK_EQ(got.output.stride[0], 256);
  CHECK_EQ(got.output.alignedByteSize, 1024);
}

TEST(sizes_that_depend_on_the_data_are_not_reported) {
  const Packed packed({"nonzero.onnx"});
  const Inferred got = infer(packed, {{6}});
  CHECK_EQ(got.status, HB_UCP_OP_CMD_UNAVAILABLE);
  CHECK_EQ(got.output.validShape.numDimensions, -1);
  CHECK(errorNames("output 'y' depends on the data"));
}

TEST(shapes_that_do_not_fit_are_refused) {
  const Packed packed({"dynamic.onnx"});
  CHECK_EQ(infer(packed, {{5, 4}}).status, HB_UCP_INVALID_ARGUMENT);
  CHECK_EQ(infer(packed, {{5}}).status, HB_UCP_INVALID_ARGUMENT);
  CHECK_EQ(infer(packed, {{-1, 3}}).status, HB_UCP_INVALID_ARGUMENT);
  hbDNNTensorProperties output{};
  hbDNNTensor input{};
  CHECK_EQ(driver().inferOutputProperties(nullptr, &input, 0, packed.model()), HB_UCP_INVALID_ARGUMENT);
  CHECK_EQ(driver().inferOutputProperties(&output, nullptr, 0, packed.model()), HB_UCP_INVALID_ARGUMENT);
  CHECK_EQ(driver().inferOutputProperties(&output, &input, 0, nullptr), HB_UCP_INVALID_ARGUMENT);
}

TEST(a_known_size_does_not_change_results) {
  // The second run writes in place what the first one had the engine allocate.
  const Packed packed({"dynamic.onnx"});
  const auto shape = [](hbDNNTensorProperties& properties) { dnn::fillOpen(properties, {5, 3}); };
  for (const bool asked : {false, true}) {
    Tensors tensors(packed.model(), shape, [](hbDNNTensorProperties& properties) { properties.alignedByteSize = 64; });
    dnn::count<float>(tensors.inputs[0]);
    if (asked) {
      CHECK_EQ(infer(packed, {{5, 3}}).status, HB_UCP_SUCCESS);
    }
    dnn::Task task;
    CHECK_EQ(dnn::run(packed.model(), tensors, task), HB_DNN_SUCCESS);
    hbDNNTensorProperties got{};
    CHECK_EQ(hbDNNGetTaskOutputTensorProperties(&got, task.handle, 0, 0), HB_DNN_SUCCESS);
    CHECK(shapeOf(got) == (std::vector<std::int32_t>{5, 3}));
    CHECK(dnn::counts<float>({tensors.outputs[0].sysMem, got}, 2, 1));
  }
}

TEST(operator_times_are_those_since_the_last_call) {
  bpusimLoadOptions profile{};
  profile.profile = 1;
  const Options options(profile);
  for (const char* const file : {"affine.onnx", "padded.hbm"}) {
    const Packed packed({file});
    Tensors tensors(packed.model());
    std::int64_t lastEnd = nowNs();  // one clock with everything else, in whole microseconds
    for (const int runs : {0, 1, 3}) {
      for (int i = 0; i < runs; ++i) {
        CHECK_EQ(dnn::run(packed.model(), tensors), HB_DNN_SUCCESS);
      }
      const bpusimOperatorTime* times = nullptr;
      std::int32_t count = -1;
      CHECK_EQ(driver().operatorTimes(&times, &count, packed.model()), HB_UCP_SUCCESS);
      CHECK_EQ(count, 2 * runs);
      for (std::int32_t i = 0; i < count; ++i) {
        CHECK_EQ(std::string(times[i].type), std::string(i % 2 == 0 ? "Mul" : "Add"));
        CHECK_EQ(std::string(times[i].name), std::string(i % 2 == 0 ? "mul" : "add"));
        CHECK(times[i].durationNs >= 0);
        CHECK(times[i].beginNs >= lastEnd);
        CHECK(times[i].thread > 0);
        lastEnd = times[i].beginNs + times[i].durationNs;
      }
      CHECK(lastEnd <= nowNs() + kMicrosecond);
    }
  }
}

TEST(task_times_tell_when_and_where_a_task_ran) {
  const Packed packed({"affine.onnx"});
  Tensors tensors(packed.model());
  bpusimTaskTimes times{};
  const std::int64_t before = nowNs();
  dnn::Task task;
  CHECK_EQ(dnn::run(packed.model(), tensors, task), HB_DNN_SUCCESS);
  CHECK_EQ(driver().taskTimes(&times, task.handle), HB_UCP_SUCCESS);
  CHECK(before <= times.beginNs);
  CHECK(times.beginNs <= times.endNs);
  CHECK(times.endNs <= nowNs());
  CHECK(times.thread > 0);
  CHECK(times.core >= 0);
  CHECK_EQ(driver().taskTimes(nullptr, task.handle), HB_UCP_INVALID_ARGUMENT);
  CHECK_EQ(driver().taskTimes(&times, nullptr), HB_UCP_TASK_HANDLE_INVALID);
}

TEST(operator_times_need_the_load_option) {
  const Packed packed({"affine.onnx"});
  const bpusimOperatorTime* times = nullptr;
  std::int32_t count = 0;
  CHECK_EQ(driver().operatorTimes(&times, &count, packed.model()), HB_UCP_API_USE_ERROR);
  CHECK(errorNames("profile"));
  CHECK_EQ(driver().operatorTimes(nullptr, &count, packed.model()), HB_UCP_INVALID_ARGUMENT);
}

TEST(times_may_be_taken_while_others_run) {
  bpusimLoadOptions profile{};
  profile.profile = 1;
  const Options options(profile);
  const Packed packed({"affine.onnx"});
  const hbDNNHandle_t model = packed.model();
  int failed = 0;
  std::thread runner([&] {
    try {
      Tensors tensors(model);
      for (int i = 0; i < 100; ++i) {
        failed += dnn::run(model, tensors) == HB_DNN_SUCCESS ? 0 : 1;
      }
    } catch (const check::Failure&) {
      ++failed;
    }
  });
  std::int32_t total = 0;
  const auto take = [&] {
    const bpusimOperatorTime* times = nullptr;
    std::int32_t count = 0;
    CHECK_EQ(driver().operatorTimes(&times, &count, model), HB_UCP_SUCCESS);
    total += count;
  };
  for (int i = 0; i < 5; ++i) {
    take();
  }
  runner.join();
  take();
  CHECK_EQ(failed, 0);
  CHECK_EQ(total, 200);
}

TEST(intermediate_tensors_become_outputs) {
  const char* const names[] = {"t"};
  bpusimLoadOptions keep{};
  keep.keep = names;
  keep.keepCount = 1;
  const Options options(keep);
  for (const char* const file : {"affine.onnx", "plain.hbm", "padded.hbm"}) {
    const Packed packed({file});
    Tensors tensors(packed.model());
    CHECK_EQ(tensors.outputs.size(), 2U);
    const char* name = nullptr;
    CHECK_EQ(hbDNNGetOutputName(&name, packed.model(), 1), HB_DNN_SUCCESS);
    CHECK_EQ(std::string(name), std::string("t"));
    dnn::count<float>(tensors.inputs[0]);
    CHECK_EQ(dnn::run(packed.model(), tensors), HB_DNN_SUCCESS);
    CHECK(dnn::counts<float>(tensors.outputs[0], 2, 1));
    CHECK(dnn::counts<float>(tensors.outputs[1], 2, 0));
  }
}

TEST(wrong_load_options_are_refused_and_change_nothing) {
  CHECK_EQ(Options::set({}), HB_UCP_SUCCESS);
  bpusimLoadOptions small{};
  small.size = 4;
  CHECK_EQ(driver().setLoadOptions(&small), HB_UCP_INVALID_ARGUMENT);
  const std::int32_t cpus[] = {100000};
  const char* const names[] = {""};
  bpusimLoadOptions negative{}, many{}, absent{}, noList{}, noCount{}, noNames{}, unnamed{};
  negative.threads = -1;
  many.threads = 100000;
  absent.cpus = cpus;
  absent.cpuCount = 1;
  noList.cpuCount = 1;
  noCount.cpus = cpus;
  noCount.cpuCount = -1;
  noNames.keepCount = 1;
  unnamed.keep = names;
  unnamed.keepCount = 1;
  const std::pair<bpusimLoadOptions, const char*> cases[] = {
      {negative, "-1 threads"}, {many, "100000 threads"}, {absent, "CPU 100000"}, {noList, "cpus"},
      {noCount, "cpus"},        {noNames, "keep"},        {unnamed, "empty"},
  };
  for (const auto& [options, text] : cases) {
    CHECK_EQ(Options::set(options), HB_UCP_INVALID_ARGUMENT);
    CHECK(errorNames(text));
  }
  CHECK_EQ(driver().setLoadOptions(nullptr), HB_UCP_SUCCESS);
}

TEST(load_options_belong_to_their_thread) {
  const char* const names[] = {"t"};
  bpusimLoadOptions keep{};
  keep.keep = names;
  keep.keepCount = 1;
  const Options options(keep);
  std::size_t outputs = 0;
  std::thread([&] { outputs = Tensors(Packed({"affine.onnx"}).model()).outputs.size(); }).join();
  CHECK_EQ(outputs, 1U);
  CHECK_EQ(Tensors(Packed({"affine.onnx"}).model()).outputs.size(), 2U);
}

TEST(threads_cpus_and_memory_do_not_change_results) {
  cpu_set_t before;
  CHECK_EQ(sched_getaffinity(0, sizeof(before), &before), 0);
  std::int32_t cpu = 0;
  while (!CPU_ISSET(static_cast<std::size_t>(cpu), &before)) {
    ++cpu;
  }
  for (const std::int32_t threads : {0, 1, 2, 4}) {
    for (const std::int32_t cpuCount : {0, 1}) {
      bpusimLoadOptions given{};
      given.threads = threads;
      given.cpus = &cpu;
      given.cpuCount = cpuCount;
      given.saveMemory = 1;
      const Options options(given);
      const Packed packed({"product.onnx"});
      Tensors tensors(packed.model());
      dnn::count<float>(tensors.inputs[0]);
      CHECK_EQ(hbDNNInferV2(nullptr, tensors.outputs.data(), tensors.inputs.data(), packed.model()), HB_DNN_SUCCESS);
      CHECK(dnn::counts<float>(tensors.outputs[0], 1, 0));
    }
  }
  cpu_set_t after;
  CHECK_EQ(sched_getaffinity(0, sizeof(after), &after), 0);
  CHECK(CPU_EQUAL(&before, &after));
}

TEST(denormal_numbers_count_as_zero_when_asked) {
  constexpr std::uint32_t kTiny = 1;
  for (const std::int32_t flush : {0, 1, 0}) {
    bpusimLoadOptions given{};
    given.flushDenormals = flush;
    const Options options(given);
    const Packed packed({"double_F32.onnx"});
    Tensors tensors(packed.model());
    std::memset(tensors.inputs[0].sysMem.virAddr, 0, 24);
    std::memcpy(tensors.inputs[0].sysMem.virAddr, &kTiny, 4);
    // double_F32 computes in double: denormals are lost when it casts.
    CHECK_EQ(dnn::run(packed.model(), tensors), HB_DNN_SUCCESS);
    std::uint32_t got = 0;
    std::memcpy(&got, tensors.outputs[0].sysMem.virAddr, 4);
    CHECK_EQ(got, flush == 1 ? 0U : 2U);
    // The settings of this thread are what they were.
    const volatile float tiny = 1e-40F;
    CHECK(tiny * 0.5F != 0.0F);
  }
}
