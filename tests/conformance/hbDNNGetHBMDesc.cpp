#include "dnn_support.hpp"
#include "tensor_getters.hpp"

using dnn::Description;
using dnn::Packed;

TEST(each_file_has_its_description) {
  const Packed packed({"affine.onnx", "described.hbm", "plain.hbm"});
  const std::string expected[] = {"", std::string("file\0description", 16), ""};
  for (std::int32_t i = 0; i < 3; ++i) {
    Description got;
    CHECK_EQ(hbDNNGetHBMDesc(&got.text, &got.size, &got.type, packed.get(), i), HB_DNN_SUCCESS);
    CHECK_EQ(got.type, HB_DNN_DESC_TYPE_STRING);
    CHECK_EQ(got.bytes(), expected[i]);
  }
}

TEST(wrong_arguments_are_refused) {
  const Packed packed({"described.hbm"});
  dnn::refusesNullResults([&](const char** text, std::uint32_t* size, std::int32_t* type) {
    return hbDNNGetHBMDesc(text, size, type, packed.get(), 0);
  });
  Description got;
  for (const std::int32_t index : {-1, 1, 1000}) {
    CHECK_EQ(hbDNNGetHBMDesc(&got.text, &got.size, &got.type, packed.get(), index), HB_DNN_INVALID_ARGUMENT);
  }
  for (const hbDNNPackedHandle_t dead : {hbDNNPackedHandle_t{nullptr}, packed.model(), dnn::deadModels().back()}) {
    CHECK_EQ(hbDNNGetHBMDesc(&got.text, &got.size, &got.type, dead, 0), HB_DNN_INVALID_PACKED_DNN_HANDLE);
  }
}
