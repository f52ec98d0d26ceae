#include "properties.hpp"
#include "tensor_getters.hpp"

using dnn::Packed;

namespace {

hbDNNTensorProperties propertiesOf(const Packed& packed, std::int32_t index = 0) {
  hbDNNTensorProperties properties;
  std::memset(&properties, 0x55, sizeof(properties));
  CHECK_EQ(hbDNNGetOutputTensorProperties(&properties, packed.model(), index), HB_DNN_SUCCESS);
  return properties;
}

std::vector<float> scalesOf(const hbDNNTensorProperties& properties) {
  return {properties.scale.scaleData, properties.scale.scaleData + properties.scale.scaleLen};
}

std::vector<std::int32_t> zeroPointsOf(const hbDNNTensorProperties& properties) {
  return {properties.scale.zeroPointData, properties.scale.zeroPointData + properties.scale.zeroPointLen};
}

}  // namespace

TEST(shapes_strides_types_and_sizes_are_those_of_the_file) {
  const dnn::Expected table[] = {
      {"affine.onnx", 0, HB_DNN_TENSOR_TYPE_F32, {1, 3, 4}, {48, 16, 4}, 128},
      {"scalar.onnx", 0, HB_DNN_TENSOR_TYPE_F32, {}, {}, 128},
      {"dynamic.onnx", 0, HB_DNN_TENSOR_TYPE_F32, {-1, 3}, {12, 4}, -1},
      {"nonzero.onnx", 0, HB_DNN_TENSOR_TYPE_S64, {1, -1}, {-1, 8}, -1},
      {"unknown_rank.onnx", 0, HB_DNN_TENSOR_TYPE_F32, {}, {}, -1},
      {"padded.hbm", 0, HB_DNN_TENSOR_TYPE_F32, {2, 3, 5}, {256, 64, 4}, 1024},
      {"resizer.hbm", 0, HB_DNN_TENSOR_TYPE_F32, {1, -1, -1, 1}, {-1, -1, 4, 4}, 4096},
  };
  for (const dnn::Expected& expected : table) {
    dnn::checkProperties(expected, propertiesOf(Packed({expected.file}), expected.index));
  }
}

TEST(quantisation_is_per_tensor_or_per_channel) {
  const Packed packed({"quantised.hbm"});
  const struct {
    std::int32_t type;
    std::int32_t axis;
    std::vector<float> scales;
    std::vector<std::int32_t> zeroPoints;
  } expected[] = {{HB_DNN_TENSOR_TYPE_S8, -1, {0.5F}, {-3}},
                  {HB_DNN_TENSOR_TYPE_S16, 1, {0.5F, 0.25F, 2.0F}, {0, 1, -2}},
                  {HB_DNN_TENSOR_TYPE_S32, 1, {1.0F, 0.125F, 4.0F}, {}}};
  for (std::int32_t i = 0; i < 3; ++i) {
    const hbDNNTensorProperties properties = propertiesOf(packed, i);
    CHECK_EQ(properties.tensorType, expected[i].type);
    CHECK_EQ(properties.quantiType, SCALE);
    CHECK_EQ(properties.quantizeAxis, expected[i].axis);
    CHECK(scalesOf(properties) == expected[i].scales);
    CHECK(zeroPointsOf(properties) == expected[i].zeroPoints);
  }
}

TEST(wrong_arguments_are_refused) {
  const Packed packed({"affine.onnx"});
  CHECK_EQ(hbDNNGetOutputTensorProperties(nullptr, packed.model(), 0), HB_DNN_INVALID_ARGUMENT);
  dnn::refusesWrongModelAndIndex("two.onnx", [](hbDNNHandle_t model, std::int32_t index) {
    hbDNNTensorProperties properties;
    return hbDNNGetOutputTensorProperties(&properties, model, index);
  });
}
