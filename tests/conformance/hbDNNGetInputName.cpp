#include "dnn_support.hpp"
#include "tensor_getters.hpp"

using dnn::Packed;

namespace {

std::vector<std::string> namesOf(const char* file) {
  const Packed packed({file});
  std::int32_t count = 0;
  CHECK_EQ(hbDNNGetInputCount(&count, packed.model()), HB_DNN_SUCCESS);
  std::vector<std::string> names;
  for (std::int32_t i = 0; i < count; ++i) {
    const char* name = nullptr;
    CHECK_EQ(hbDNNGetInputName(&name, packed.model(), i), HB_DNN_SUCCESS);
    names.emplace_back(name);
  }
  return names;
}

}  // namespace

TEST(names_are_those_of_the_file) {
  CHECK(namesOf("two.onnx") == (std::vector<std::string>{"a", "b"}));
  CHECK(namesOf("nv12.hbm") == (std::vector<std::string>{"image_y", "image_uv"}));
  CHECK(namesOf("renamed.hbm") == (std::vector<std::string>{"second", "first"}));
}

TEST(wrong_arguments_are_refused) {
  const Packed packed({"two.onnx"});
  CHECK_EQ(hbDNNGetInputName(nullptr, packed.model(), 0), HB_DNN_INVALID_ARGUMENT);
  dnn::refusesWrongModelAndIndex("two.onnx", [](hbDNNHandle_t model, std::int32_t index) {
    const char* name = nullptr;
    return hbDNNGetInputName(&name, model, index);
  });
}
