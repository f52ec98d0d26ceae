#include "dnn_support.hpp"

using dnn::Packed;

TEST(the_core_number_is_that_of_the_compilation) {
  for (const auto& [file, expected] :
       {std::pair{"two_cores.hbm", 2}, std::pair{"plain.hbm", 1}, std::pair{"affine.onnx", 1}}) {
    const Packed packed({file});
    std::int32_t cores = -1;
    CHECK_EQ(hbDNNGetCompileBpuCoreNum(&cores, packed.model()), HB_DNN_SUCCESS);
    CHECK_EQ(cores, expected);
  }
}

TEST(wrong_arguments_are_refused) {
  const Packed packed({"affine.onnx"});
  CHECK_EQ(hbDNNGetCompileBpuCoreNum(nullptr, packed.model()), HB_DNN_INVALID_ARGUMENT);
  std::int32_t cores = -1;
  for (const hbDNNHandle_t dead : dnn::deadModels()) {
    CHECK_EQ(hbDNNGetCompileBpuCoreNum(&cores, dead), HB_DNN_INVALID_DNN_HANDLE);
  }
}
