#include "dnn_support.hpp"

using dnn::Packed;

namespace {

std::int32_t countOf(const char* file) {
  std::int32_t count = -1;
  CHECK_EQ(hbDNNGetOutputCount(&count, Packed({file}).model()), HB_DNN_SUCCESS);
  return count;
}

}  // namespace

TEST(outputs_are_counted) {
  CHECK_EQ(countOf("affine.onnx"), 1);
  CHECK_EQ(countOf("two.onnx"), 2);
  CHECK_EQ(countOf("nv12.hbm"), 2);
  CHECK_EQ(countOf("no_input.onnx"), 1);
}

TEST(wrong_arguments_are_refused) {
  const Packed packed({"affine.onnx"});
  CHECK_EQ(hbDNNGetOutputCount(nullptr, packed.model()), HB_DNN_INVALID_ARGUMENT);
  std::int32_t count = -1;
  for (const hbDNNHandle_t dead : dnn::deadModels()) {
    CHECK_EQ(hbDNNGetOutputCount(&count, dead), HB_DNN_INVALID_DNN_HANDLE);
  }
  CHECK_EQ(count, -1);
}
