#include "dnn_support.hpp"
#include "tensor_getters.hpp"

using dnn::Description;
using dnn::Packed;

namespace {

Description descriptionOf(const Packed& packed) {
  Description got;
  CHECK_EQ(hbDNNGetOutputDesc(&got.text, &got.size, &got.type, packed.model(), 0), HB_DNN_SUCCESS);
  CHECK_EQ(got.type, HB_DNN_DESC_TYPE_STRING);
  return got;
}

}  // namespace

TEST(a_description_has_exactly_its_bytes) {
  const Packed packed({"described.hbm"});
  CHECK_EQ(descriptionOf(packed).bytes(), std::string("out\0put", 7));
}

TEST(no_description_is_an_empty_text) {
  const Packed packed({"plain.hbm"});
  const Description got = descriptionOf(packed);
  CHECK(got.text != nullptr);
  CHECK_EQ(got.size, 0U);
}

TEST(an_onnx_file_describes_by_its_own_text) {
  dnn::needExtension();
  const Packed packed({"affine.onnx"});
  CHECK_EQ(descriptionOf(packed).bytes(), std::string("what comes out"));
}

TEST(wrong_arguments_are_refused) {
  const Packed packed({"described.hbm"});
  dnn::refusesNullResults([&](const char** text, std::uint32_t* size, std::int32_t* type) {
    return hbDNNGetOutputDesc(text, size, type, packed.model(), 0);
  });
  dnn::refusesWrongModelAndIndex("described.hbm", [](hbDNNHandle_t model, std::int32_t index) {
    Description got;
    return hbDNNGetOutputDesc(&got.text, &got.size, &got.type, model, index);
  });
}
