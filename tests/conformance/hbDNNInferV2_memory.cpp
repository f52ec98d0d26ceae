// The memory of the caller's tensors.
#include "dnn_support.hpp"

using dnn::errorNames;
using dnn::Memory;
using dnn::Packed;
using dnn::Tensors;

namespace {

std::int32_t inferOnly(hbDNNHandle_t model, Tensors& tensors) {
  dnn::Task task;
  return hbDNNInferV2(&task.handle, tensors.outputs.data(), tensors.inputs.data(), model);
}

}  // namespace

TEST(memory_that_is_too_small_is_refused) {
  const Packed packed({"affine.onnx"});
  for (const bool forOutput : {false, true}) {
    for (const std::uint64_t size : {0U, 1U, 47U}) {
      Tensors tensors(packed.model());
      (forOutput ? tensors.outputs : tensors.inputs)[0].sysMem.memSize = size;
      CHECK_EQ(inferOnly(packed.model(), tensors), HB_DNN_INVALID_ARGUMENT);
      CHECK(errorNames("bytes, the tensor spans 48"));
      CHECK(errorNames(forOutput ? "output 'y'" : "input 'x'"));
    }
  }
}

TEST(memory_may_be_just_large_enough_or_larger) {
  const Packed packed({"affine.onnx"});
  for (const std::uint64_t size : {48U, 128U, 1U << 20U}) {
    const Memory in(size);
    const Memory out(size);
    Tensors tensors(packed.model());
    tensors.inputs[0].sysMem = in.get();
    tensors.outputs[0].sysMem = out.get();
    dnn::count<float>(tensors.inputs[0]);
    CHECK_EQ(dnn::run(packed.model(), tensors), HB_DNN_SUCCESS);
    CHECK(dnn::counts<float>(tensors.outputs[0], 2, 1));
  }
}

TEST(memory_of_others_is_refused) {
  const Packed packed({"affine.onnx"});
  float mine[64] = {};
  const Memory block(64);
  const struct {
    hbUCPSysMem memory;
    std::int32_t status;
  } cases[] = {
      {{0, nullptr, 128}, HB_DNN_INVALID_ARGUMENT},
      {{0, mine, sizeof(mine)}, HB_UCP_MEM_MAP_FAIL},
      {{0, dnn::invented<void*>(64), 128}, HB_UCP_MEM_MAP_FAIL},
      {{0, dnn::invented<void*>(UINTPTR_MAX - 8), 128}, HB_UCP_MEM_MAP_FAIL},
      {{block.get().phyAddr + 32, block.bytes() + 32, 64}, HB_UCP_MEM_MAP_FAIL},  // runs past its block
  };
  for (const bool forOutput : {false, true}) {
    for (const auto& [memory, status] : cases) {
      Tensors tensors(packed.model());
      (forOutput ? tensors.outputs : tensors.inputs)[0].sysMem = memory;
      CHECK_EQ(inferOnly(packed.model(), tensors), status);
      CHECK(errorNames(forOutput ? "output 'y'" : "input 'x'"));
    }
  }
}

TEST(freed_memory_is_refused_before_and_after_submit) {
  const Packed packed({"affine.onnx"});
  Tensors tensors(packed.model());
  hbUCPSysMem memory{};
  CHECK_EQ(hbUCPMallocCached(&memory, 128, 0), HB_UCP_SUCCESS);
  tensors.inputs[0].sysMem = memory;
  dnn::Task task;
  CHECK_EQ(hbDNNInferV2(&task.handle, tensors.outputs.data(), tensors.inputs.data(), packed.model()), HB_DNN_SUCCESS);
  CHECK_EQ(hbUCPFree(&memory), HB_UCP_SUCCESS);
  CHECK_EQ(inferOnly(packed.model(), tensors), HB_UCP_MEM_MAP_FAIL);
  dnn::needExtension();
  const Memory another(128);  // most likely at the same address: it is not the task's all the same
  CHECK_EQ(task.submit(), HB_UCP_SUCCESS);
  CHECK_EQ(task.wait(), HB_DNN_RUN_TASK_FAILED);
  CHECK(errorNames("was freed"));
}

TEST(memory_that_is_freed_while_a_task_uses_it_stays_until_the_run_has_ended) {
  const bpusimInterface& driver = dnn::needExtension();
  const Packed packed({"slow.onnx"});
  Tensors tensors(packed.model());
  bpusimLive before{};
  CHECK_EQ(driver.getLive(&before), HB_UCP_SUCCESS);
  hbUCPSysMem in{};
  hbUCPSysMem out{};
  CHECK_EQ(hbUCPMallocCached(&in, tensors.inputs[0].sysMem.memSize, 0), HB_UCP_SUCCESS);
  CHECK_EQ(hbUCPMallocCached(&out, tensors.outputs[0].sysMem.memSize, 0), HB_UCP_SUCCESS);
  tensors.inputs[0].sysMem = in;
  tensors.outputs[0].sysMem = out;
  dnn::Task task;
  CHECK_EQ(hbDNNInferV2(&task.handle, tensors.outputs.data(), tensors.inputs.data(), packed.model()), HB_DNN_SUCCESS);
  CHECK_EQ(task.submit(HB_UCP_BPU_CORE_0), HB_UCP_SUCCESS);
  bpusimCoreLoad load{};
  while (load.running == 0) {
    CHECK_EQ(driver.getCoreLoad(&load, 0), HB_UCP_SUCCESS);
  }
  CHECK_EQ(hbUCPFree(&in), HB_UCP_SUCCESS);
  CHECK_EQ(hbUCPFree(&out), HB_UCP_SUCCESS);
  CHECK_EQ(hbUCPFree(&in), HB_UCP_MEM_FREE_FAIL);
  const std::int32_t status = task.wait();
  // Freed before the core had come to the memory: the task fails. Otherwise it ran to its end. Never a crash.
  CHECK(status == HB_UCP_SUCCESS || status == HB_DNN_RUN_TASK_FAILED);
  bpusimLive after{};
  CHECK_EQ(driver.getLive(&after), HB_UCP_SUCCESS);
  CHECK_EQ(after.allocatedBytes, before.allocatedBytes);
}

TEST(the_aligned_size_in_a_descriptor_is_the_callers) {
  const Packed packed({"padded.hbm"});
  for (const std::int64_t size : {std::int64_t{-1}, std::int64_t{1024}, std::int64_t{1} << 40}) {
    Tensors tensors(packed.model());
    tensors.inputs[0].properties.alignedByteSize = size;
    tensors.outputs[0].properties.alignedByteSize = size;
    dnn::count<float>(tensors.inputs[0]);
    CHECK_EQ(dnn::run(packed.model(), tensors), HB_DNN_SUCCESS);
    CHECK(dnn::counts<float>(tensors.outputs[0], 2, 1));
  }
}

TEST(tensors_may_be_windows_of_one_block_at_any_offset) {
  const Packed packed({"affine.onnx"});
  const Memory block(4096);
  for (const std::uint64_t offset : {0U, 1U, 3U, 32U, 64U, 100U}) {
    Tensors tensors(packed.model());
    tensors.inputs[0].sysMem = block.window(offset, 48);
    tensors.outputs[0].sysMem = block.window(1024 + offset, 48);
    std::memset(block.bytes(), 0xee, 4096);
    std::vector<float> values(12);
    for (std::size_t i = 0; i < values.size(); ++i) {
      values[i] = static_cast<float>(i);
    }
    std::memcpy(block.bytes() + offset, values.data(), 48);
    CHECK_EQ(dnn::run(packed.model(), tensors), HB_DNN_SUCCESS);
    std::memcpy(values.data(), block.bytes() + 1024 + offset, 48);
    CHECK_EQ(values[0], 1.0F);
    CHECK_EQ(values[11], 23.0F);
    CHECK_EQ(block.bytes()[1024 + offset + 48], 0xee);
  }
}

TEST(inputs_and_outputs_may_overlap) {
  // As the windows of a cache do that slides over one block: the output begins inside the input, or before it.
  const Packed packed({"vector.onnx"});
  for (const auto& [in, out] : {std::pair{0U, 16U}, std::pair{16U, 0U}, std::pair{0U, 0U}, std::pair{0U, 4U}}) {
    const Memory block(64);
    Tensors tensors(packed.model());
    tensors.inputs[0].sysMem = block.window(in, 32);
    tensors.outputs[0].sysMem = block.window(out, 32);
    dnn::count<float>(tensors.inputs[0]);
    CHECK_EQ(dnn::run(packed.model(), tensors), HB_DNN_SUCCESS);
    CHECK(dnn::counts<float>(tensors.outputs[0], 2, 1));
  }
}

TEST(a_steady_loop_allocates_no_device_memory) {
  const bpusimInterface& driver = dnn::needExtension();
  const Packed packed({"padded.hbm"});
  Tensors tensors(packed.model());
  bpusimLive before{};
  CHECK_EQ(driver.getLive(&before), HB_UCP_SUCCESS);
  for (int i = 0; i < 100; ++i) {
    CHECK_EQ(dnn::run(packed.model(), tensors), HB_DNN_SUCCESS);
  }
  bpusimLive after{};
  CHECK_EQ(driver.getLive(&after), HB_UCP_SUCCESS);
  CHECK_EQ(after.allocationCalls, before.allocationCalls);
  CHECK_EQ(after.tasks, before.tasks);
}
