#include "dnn_support.hpp"
#include "tensor_getters.hpp"

using dnn::Description;
using dnn::Packed;

namespace {

std::string descriptionOf(const char* file) {
  const Packed packed({file});
  Description got;
  CHECK_EQ(hbDNNGetModelDesc(&got.text, &got.size, &got.type, packed.model()), HB_DNN_SUCCESS);
  CHECK_EQ(got.type, HB_DNN_DESC_TYPE_STRING);
  return got.bytes();
}

}  // namespace

TEST(a_description_has_exactly_its_bytes) {
  CHECK_EQ(descriptionOf("described.hbm"), std::string("{\"a\": 1}\0rest", 13));
  CHECK_EQ(descriptionOf("plain.hbm"), std::string());
}

TEST(an_onnx_file_is_described_by_what_it_says_about_itself) {
  dnn::needExtension();
  CHECK_EQ(
      descriptionOf("metadata.onnx"),
      std::string("{\"format\": \"onnx\", \"producer\": \"test\", \"graph\": \"the graph\", \"domain\": \"org.test\", "
                  "\"description\": \"says \\\"hello\\\"\\u000a\", \"version\": 7, \"metadata\": "
                  "{\"names\": \"{0: 'cat'}\", \"stride\": \"32\"}}"));
}

TEST(wrong_arguments_are_refused) {
  const Packed packed({"described.hbm"});
  dnn::refusesNullResults([&](const char** text, std::uint32_t* size, std::int32_t* type) {
    return hbDNNGetModelDesc(text, size, type, packed.model());
  });
  Description got;
  for (const hbDNNHandle_t dead : dnn::deadModels()) {
    CHECK_EQ(hbDNNGetModelDesc(&got.text, &got.size, &got.type, dead), HB_DNN_INVALID_DNN_HANDLE);
  }
}
