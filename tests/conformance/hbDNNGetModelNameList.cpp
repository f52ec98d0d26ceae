#include "dnn_support.hpp"

using dnn::Packed;

TEST(names_stand_in_the_order_of_the_files) {
  CHECK(Packed({"affine.onnx"}).names() == std::vector<std::string>{"affine"});
  CHECK(Packed({"shared_weights.hbm"}).names() == (std::vector<std::string>{"sum", "product"}));
}

TEST(the_list_stays_where_it_is) {
  const Packed packed({"shared_weights.hbm"});
  const char** first = nullptr;
  const char** second = nullptr;
  std::int32_t count = 0;
  CHECK_EQ(hbDNNGetModelNameList(&first, &count, packed.get()), HB_DNN_SUCCESS);
  CHECK_EQ(hbDNNGetModelNameList(&second, &count, packed.get()), HB_DNN_SUCCESS);
  CHECK(first == second);
}

TEST(wrong_arguments_are_refused) {
  Packed packed({"affine.onnx"});
  const char** names = nullptr;
  std::int32_t count = 0;
  CHECK_EQ(hbDNNGetModelNameList(nullptr, &count, packed.get()), HB_DNN_INVALID_ARGUMENT);
  CHECK_EQ(hbDNNGetModelNameList(&names, nullptr, packed.get()), HB_DNN_INVALID_ARGUMENT);
  CHECK_EQ(hbDNNGetModelNameList(&names, &count, nullptr), HB_DNN_INVALID_PACKED_DNN_HANDLE);
  CHECK_EQ(hbDNNGetModelNameList(&names, &count, packed.model()), HB_DNN_INVALID_PACKED_DNN_HANDLE);
  const hbDNNPackedHandle_t released = packed.giveUp();
  CHECK_EQ(hbDNNRelease(released), HB_DNN_SUCCESS);
  CHECK_EQ(hbDNNGetModelNameList(&names, &count, released), HB_DNN_INVALID_PACKED_DNN_HANDLE);
  CHECK(names == nullptr && count == 0);
}
