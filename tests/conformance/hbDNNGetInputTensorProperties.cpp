#include "properties.hpp"
#include "tensor_getters.hpp"

using dnn::Packed;

namespace {

hbDNNTensorProperties propertiesOf(const Packed& packed, std::int32_t index = 0) {
  hbDNNTensorProperties properties;
  std::memset(&properties, 0x55, sizeof(properties));
  CHECK_EQ(hbDNNGetInputTensorProperties(&properties, packed.model(), index), HB_DNN_SUCCESS);
  return properties;
}

}  // namespace

TEST(shapes_strides_types_and_sizes_are_those_of_the_file) {
  const dnn::Expected table[] = {
      {"affine.onnx", 0, HB_DNN_TENSOR_TYPE_F32, {1, 3, 4}, {48, 16, 4}, 128},
      {"scalar.onnx", 0, HB_DNN_TENSOR_TYPE_F32, {}, {}, 128},
      {"wide.onnx", 0, HB_DNN_TENSOR_TYPE_F32, {1, 1000}, {4000, 4}, 4096},
      {"rank10.onnx",
       0,
       HB_DNN_TENSOR_TYPE_F32,
       {1, 2, 1, 2, 1, 2, 1, 2, 1, 2},
       {128, 64, 64, 32, 32, 16, 16, 8, 8, 4},
       128},
      {"empty_tensor.onnx", 0, HB_DNN_TENSOR_TYPE_F32, {0, 3}, {12, 4}, 128},
      {"dynamic.onnx", 0, HB_DNN_TENSOR_TYPE_F32, {-1, 3}, {12, 4}, -1},
      {"dynamic_image.onnx", 0, HB_DNN_TENSOR_TYPE_F32, {1, -1, -1}, {-1, -1, 4}, -1},
      {"padded.hbm", 0, HB_DNN_TENSOR_TYPE_F32, {2, 3, 5}, {96, 32, 4}, 192},
      {"nv12.hbm", 0, HB_DNN_TENSOR_TYPE_U8, {1, 4, 6, 1}, {-1, -1, 1, 1}, -1},
      {"nv12.hbm", 1, HB_DNN_TENSOR_TYPE_U8, {1, 2, 3, 2}, {-1, -1, 2, 1}, -1},
      {"resizer.hbm", 0, HB_DNN_TENSOR_TYPE_U8, {1, -1, -1, 1}, {-1, -1, 1, 1}, -1},
  };
  for (const dnn::Expected& expected : table) {
    dnn::checkProperties(expected, propertiesOf(Packed({expected.file}), expected.index));
  }
}

TEST(every_element_type_is_reported) {
  const std::pair<const char*, std::int32_t> types[] = {
      {"S8", HB_DNN_TENSOR_TYPE_S8},   {"U8", HB_DNN_TENSOR_TYPE_U8},   {"F16", HB_DNN_TENSOR_TYPE_F16},
      {"S16", HB_DNN_TENSOR_TYPE_S16}, {"U16", HB_DNN_TENSOR_TYPE_U16}, {"F32", HB_DNN_TENSOR_TYPE_F32},
      {"S32", HB_DNN_TENSOR_TYPE_S32}, {"U32", HB_DNN_TENSOR_TYPE_U32}, {"F64", HB_DNN_TENSOR_TYPE_F64},
      {"S64", HB_DNN_TENSOR_TYPE_S64}, {"U64", HB_DNN_TENSOR_TYPE_U64}, {"BOOL8", HB_DNN_TENSOR_TYPE_BOOL8}};
  for (const auto& [name, type] : types) {
    CHECK_EQ(propertiesOf(Packed({std::string("double_") + name + ".onnx"})).tensorType, type);
  }
}

TEST(what_is_not_quantised_has_no_scales) {
  for (const char* const file : {"affine.onnx", "plain.hbm"}) {
    const hbDNNTensorProperties properties = propertiesOf(Packed({file}));
    CHECK_EQ(properties.quantiType, NONE);
    CHECK_EQ(properties.scale.scaleLen, 0);
    CHECK(properties.scale.scaleData == nullptr);
    CHECK_EQ(properties.scale.zeroPointLen, 0);
    CHECK(properties.scale.zeroPointData == nullptr);
  }
}

TEST(wrong_arguments_are_refused) {
  const Packed packed({"affine.onnx"});
  CHECK_EQ(hbDNNGetInputTensorProperties(nullptr, packed.model(), 0), HB_DNN_INVALID_ARGUMENT);
  dnn::refusesWrongModelAndIndex("two.onnx", [](hbDNNHandle_t model, std::int32_t index) {
    hbDNNTensorProperties properties;
    return hbDNNGetInputTensorProperties(&properties, model, index);
  });
}
