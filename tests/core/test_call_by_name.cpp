// Calls whose tensors are given by name, and views of plain arrays.
#include "null_model.hpp"

using hbm::denseView;
using hbm::ErrorKind;
using hbm::TensorView;
using nullmodel::errorOf;
using nullmodel::Loaded;

namespace {

bool mentions(const hbm::Error& error, const std::string& text) {
  return std::string(error.what()).find(text) != std::string::npos;
}

}  // namespace

TEST(tensors_by_name_come_in_the_models_order) {
  Loaded loaded("copy=1 shape=4 inputs=2 outputs=2");
  const hbm::ModelInfo& model = loaded->model(0);
  const std::vector<float> first(4, 1.0F);
  const std::vector<float> second(4, 2.0F);
  std::vector<float> result(4);
  const hbm::Call call =
      loaded->makeCall(model.name,
                       {{model.inputs[1].name, denseView(second.data(), hbm::DataType::kF32, {4})},
                        {model.inputs[0].name, denseView(first.data(), hbm::DataType::kF32, {4})}},
                       {{model.outputs[1].name, denseView(result.data(), hbm::DataType::kF32, {4})}});
  CHECK_EQ(call.model, 0U);
  CHECK(call.inputs[0].data == first.data());
  CHECK(call.inputs[1].data == second.data());
  CHECK_EQ(call.outputs[0].rank, -1);
  CHECK(call.outputs[1].data == result.data());
  const auto outputs = loaded->run({call}).front();
  CHECK_EQ(static_cast<const float*>(outputs[0].data)[0], 1.0F);
  CHECK_EQ(result[3], 2.0F);
}

TEST(names_that_the_model_lacks_are_refused_with_the_valid_ones) {
  Loaded loaded("shape=4 inputs=2");
  const std::string model = loaded->model(0).name;
  const std::vector<hbm::TensorInfo>& inputs = loaded->model(0).inputs;
  const hbm::Error error = errorOf([&] { static_cast<void>(loaded->makeCall(model, {{"nobody", {}}})); });
  CHECK(error.kind() == ErrorKind::kInput);
  CHECK_EQ(error.context().model, model);
  CHECK_EQ(error.context().tensor, std::string("nobody"));
  CHECK(mentions(error, "nobody") && mentions(error, inputs[0].name) && mentions(error, inputs[1].name));
  const hbm::Error output = errorOf([&] { static_cast<void>(loaded->makeCall(model, {}, {{"nothing", {}}})); });
  CHECK(mentions(output, "outputs") && mentions(output, loaded->model(0).outputs[0].name));
  CHECK(errorOf([&] { static_cast<void>(loaded->makeCall("other", {})); }).kind() == ErrorKind::kInput);
}

TEST(an_input_that_was_not_named_is_missing) {
  Loaded loaded("shape=4 inputs=2");
  const hbm::ModelInfo& model = loaded->model(0);
  const std::vector<float> values(4);
  const hbm::Call call =
      loaded->makeCall(model.name, {{model.inputs[0].name, denseView(values.data(), hbm::DataType::kF32, {4})}});
  const hbm::Error error = errorOf([&] { static_cast<void>(loaded->start(call)); });
  CHECK(error.kind() == ErrorKind::kInput);
  CHECK_EQ(error.context().tensor, model.inputs[1].name);
}

TEST(a_dense_view_has_the_strides_of_c) {
  const TensorView view = denseView(nullptr, hbm::DataType::kS16, {2, 3, 5});
  CHECK_EQ(view.rank, 3);
  CHECK_EQ(view.strides[0], 30);
  CHECK_EQ(view.strides[1], 10);
  CHECK_EQ(view.strides[2], 2);
  CHECK_EQ(denseView(nullptr, hbm::DataType::kS16, {}).rank, 0);
  CHECK_EQ(denseView(nullptr, hbm::DataType::kS16, {0, 3}).strides[0], 6);
}

TEST(shapes_that_no_array_has_are_refused) {
  constexpr std::int64_t kHuge = std::int64_t{1} << 40;
  const std::vector<std::pair<hbm::DataType, std::vector<std::int64_t>>> cases{
      {hbm::DataType::kS4, {2}},
      {hbm::DataType::kMax, {2}},
      {hbm::DataType::kU8, {2, -1}},
      {hbm::DataType::kU8, {kHuge, kHuge}},
      {hbm::DataType::kU8, std::vector<std::int64_t>(11, 1)},
  };
  for (const auto& [dtype, shape] : cases) {
    CHECK(errorOf([&, type = dtype, &sizes = shape] { static_cast<void>(denseView(nullptr, type, sizes)); }).kind() ==
          ErrorKind::kInput);
  }
}
