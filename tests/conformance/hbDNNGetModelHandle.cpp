#include "dnn_support.hpp"

using dnn::errorNames;
using dnn::Packed;

TEST(each_name_has_its_handle) {
  const Packed packed({"shared_weights.hbm"});
  CHECK(packed.model("sum") != packed.model("product"));
  CHECK(packed.model("sum") == packed.model("sum"));
}

TEST(a_wrong_name_is_refused_with_the_right_ones) {
  const Packed packed({"shared_weights.hbm"});
  hbDNNHandle_t model = dnn::invented<hbDNNHandle_t>(3);
  for (const char* const name : {"", "Sum", "sum ", "nothing"}) {
    CHECK_EQ(hbDNNGetModelHandle(&model, packed.get(), name), HB_DNN_INVALID_ARGUMENT);
    CHECK(errorNames("'sum', 'product'"));
  }
  CHECK(model == dnn::invented<hbDNNHandle_t>(3));
}

TEST(wrong_arguments_are_refused) {
  const Packed packed({"affine.onnx"});
  hbDNNHandle_t model = nullptr;
  CHECK_EQ(hbDNNGetModelHandle(nullptr, packed.get(), "affine"), HB_DNN_INVALID_ARGUMENT);
  CHECK_EQ(hbDNNGetModelHandle(&model, packed.get(), nullptr), HB_DNN_INVALID_ARGUMENT);
  CHECK_EQ(hbDNNGetModelHandle(&model, nullptr, "affine"), HB_DNN_INVALID_PACKED_DNN_HANDLE);
  CHECK_EQ(hbDNNGetModelHandle(&model, packed.model(), "affine"), HB_DNN_INVALID_PACKED_DNN_HANDLE);
  CHECK(model == nullptr);
}
