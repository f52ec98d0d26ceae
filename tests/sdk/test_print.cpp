// Shapes, types, tensors and models as text.
#include <sstream>
#include <string>

#include "hbm_runtime/print.hpp"
#include "support/check.hpp"

namespace {

template <class T>
std::string printed(const T& value) {
  std::ostringstream stream;
  stream << value;
  return stream.str();
}

}  // namespace

TEST(types_and_shapes_are_printed) {
  CHECK_EQ(hbm::toString({1, 3, -1, 224}), std::string("[1, 3, -1, 224]"));
  CHECK_EQ(hbm::toString({}), std::string("[]"));
  CHECK_EQ(printed(hbm::DataType::kF32), std::string("F32"));
  CHECK_EQ(printed(hbm::QuantType::kScale), std::string("SCALE"));
  CHECK_EQ(printed(hbm::RequestState::kRunning), std::string("running"));
}

TEST(tensors_and_models_are_printed) {
  hbm::TensorInfo input;
  input.name = "image";
  input.dtype = hbm::DataType::kU8;
  input.shape = {1, 4, 4, 3};
  CHECK_EQ(printed(input), std::string("image: U8 [1, 4, 4, 3]"));
  hbm::TensorInfo output = input;
  output.name = "scores";
  output.dtype = hbm::DataType::kS32;
  output.quant = {hbm::QuantType::kScale, 0, {0.5F}, {3}};
  CHECK_EQ(printed(output), std::string("scores: S32 [1, 4, 4, 3] SCALE 0.5 zero point 3"));
  output.quant = {hbm::QuantType::kScale, 3, {0.5F, 0.25F, 0.1F}, {}};
  CHECK_EQ(printed(output.quant), std::string("SCALE axis 3, 3 scales"));
  hbm::ModelInfo model;
  model.name = "m";
  model.compileCores = 2;
  model.inputs = {input};
  CHECK_EQ(printed(model), std::string("m (2 cores)\n  input image: U8 [1, 4, 4, 3]"));
  const float value = 1;
  CHECK_EQ(printed(hbm::denseView(&value, hbm::DataType::kF32, {1, 1})), std::string("F32 [1, 1]"));
  CHECK_EQ(printed(hbm::TensorView{}), std::string("no tensor"));
}
