// Results against numbers that are known beforehand.
#include <cmath>
#include <limits>

#include "dnn_support.hpp"

using dnn::Packed;
using dnn::Tensors;

namespace {

// y = x * 2 for (2, 3) elements.
template <class Element>
void doubles(const char* type, const std::vector<Element>& values, const std::vector<Element>& expected) {
  const Packed packed({std::string("double_") + type + ".onnx"});
  Tensors tensors(packed.model());
  std::memcpy(tensors.inputs[0].sysMem.virAddr, values.data(), values.size() * sizeof(Element));
  CHECK_EQ(dnn::run(packed.model(), tensors), HB_DNN_SUCCESS);
  check::holds(std::memcmp(tensors.outputs[0].sysMem.virAddr, expected.data(), expected.size() * sizeof(Element)) == 0,
               type, __FILE__, __LINE__);
}

}  // namespace

TEST(integers_of_every_width_are_exact) {
  doubles<std::int8_t>("S8", {0, 1, -1, 63, -64, 10}, {0, 2, -2, 126, -128, 20});
  doubles<std::uint8_t>("U8", {0, 1, 2, 63, 127, 10}, {0, 2, 4, 126, 254, 20});
  doubles<std::int16_t>("S16", {0, 1, -1, 16383, -16384, 10}, {0, 2, -2, 32766, -32768, 20});
  doubles<std::uint16_t>("U16", {0, 1, 2, 32767, 100, 10}, {0, 2, 4, 65534, 200, 20});
  doubles<std::int32_t>("S32", {0, 1, -1, 1073741823, -1073741824, 10}, {0, 2, -2, 2147483646, -2147483647 - 1, 20});
  doubles<std::uint32_t>("U32", {0, 1, 2, 2147483647U, 100, 10}, {0, 2, 4, 4294967294U, 200, 20});
  constexpr std::int64_t kBig = (std::int64_t{1} << 40) + 3;
  doubles<std::int64_t>("S64", {0, 1, -1, kBig, -kBig, 10}, {0, 2, -2, 2 * kBig, -2 * kBig, 20});
  constexpr std::uint64_t kBigger = (std::uint64_t{1} << 62) + 5;
  doubles<std::uint64_t>("U64", {0, 1, 2, kBigger, 100, 10}, {0, 2, 4, 2 * kBigger, 200, 20});
}

TEST(floats_of_every_width_are_exact) {
  // Half floats by their bits: 0, 1, -1, 0.5, 1000, infinity.
  doubles<std::uint16_t>("F16", {0x0000, 0x3c00, 0xbc00, 0x3800, 0x63d0, 0x7c00},
                         {0x0000, 0x4000, 0xc000, 0x3c00, 0x67d0, 0x7c00});
  doubles<float>("F32", {0, 1.5F, -1, 1e30F, 1e-30F, INFINITY}, {0, 3, -2, 2e30F, 2e-30F, INFINITY});
  doubles<double>("F64", {0, 1.5, -1, 1e300, 1e-300, INFINITY}, {0, 3, -2, 2e300, 2e-300, INFINITY});
}

TEST(booleans_are_bytes) { doubles<std::uint8_t>("BOOL8", {0, 1, 0, 1, 1, 0}, {1, 0, 1, 0, 0, 1}); }

TEST(denormal_numbers_are_kept) {
  constexpr float kTiny = std::numeric_limits<float>::denorm_min();
  doubles<float>("F32", {kTiny, 0, 0, 0, 0, 0}, {2 * kTiny, 0, 0, 0, 0, 0});
}

TEST(several_inputs_and_outputs_keep_their_order) {
  const Packed packed({"two.onnx"});
  Tensors tensors(packed.model());
  dnn::count<float>(tensors.inputs[0]);
  for (int i = 0; i < 4; ++i) {
    dnn::at<float>(tensors.inputs[1], {i / 2, i % 2}) = 10;
  }
  CHECK_EQ(dnn::run(packed.model(), tensors), HB_DNN_SUCCESS);
  CHECK(dnn::counts<float>(tensors.outputs[0], 1, 10));
  CHECK(dnn::counts<float>(tensors.outputs[1], 1, -10));
}

TEST(a_table_may_rename_and_reorder_the_graphs_tensors) {
  const Packed packed({"renamed.hbm"});
  Tensors tensors(packed.model());
  dnn::count<float>(tensors.inputs[0]);  // second: 0, 1
  for (int i = 0; i < 2; ++i) {
    dnn::at<float>(tensors.inputs[1], {i}) = 5;  // first
  }
  CHECK_EQ(dnn::run(packed.model(), tensors), HB_DNN_SUCCESS);
  CHECK(dnn::counts<float>(tensors.outputs[0], -1, 5));
}

TEST(scalars_and_empty_tensors_run) {
  const Packed scalar({"scalar.onnx"});
  Tensors one(scalar.model());
  *static_cast<float*>(one.inputs[0].sysMem.virAddr) = 20;
  CHECK_EQ(dnn::run(scalar.model(), one), HB_DNN_SUCCESS);
  CHECK_EQ(*static_cast<float*>(one.outputs[0].sysMem.virAddr), 41.0F);

  const Packed empty({"empty_tensor.onnx"});
  Tensors none(empty.model());
  CHECK_EQ(dnn::run(empty.model(), none), HB_DNN_SUCCESS);
}

TEST(models_of_one_file_share_their_weights) {
  const Packed packed({"shared_weights.hbm"});
  for (const auto& [name, expected] : {std::pair{"sum", std::vector<float>{11, 12, 13, 14}},
                                       std::pair{"product", std::vector<float>{10, 20, 30, 40}}}) {
    Tensors tensors(packed.model(name));
    std::fill_n(static_cast<float*>(tensors.inputs[0].sysMem.virAddr), 4, 10.0F);
    CHECK_EQ(dnn::run(packed.model(name), tensors), HB_DNN_SUCCESS);
    CHECK(std::memcmp(tensors.outputs[0].sysMem.virAddr, expected.data(), 16) == 0);
  }
}

TEST(quantised_outputs_round_to_even_and_saturate) {
  const Packed packed({"quantised.hbm"});
  Tensors tensors(packed.model());
  // (1, 3, 2): two numbers for each channel.
  const float values[] = {0.25F, 0.75F, 1, -1, 1000, -1000};
  std::memcpy(tensors.inputs[0].sysMem.virAddr, values, sizeof(values));
  CHECK_EQ(dnn::run(packed.model(), tensors), HB_DNN_SUCCESS);
  const std::int8_t perTensor[] = {-3, -1, -1, -5, 127, -128};
  const std::int16_t perChannel[] = {0, 2, 5, -3, 498, -502};
  const std::int32_t wide[] = {0, 1, 8, -8, 250, -250};
  CHECK(std::memcmp(tensors.outputs[0].sysMem.virAddr, perTensor, sizeof(perTensor)) == 0);
  CHECK(std::memcmp(tensors.outputs[1].sysMem.virAddr, perChannel, sizeof(perChannel)) == 0);
  CHECK(std::memcmp(tensors.outputs[2].sysMem.virAddr, wide, sizeof(wide)) == 0);
}
