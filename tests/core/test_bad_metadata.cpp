// What a broken driver or a damaged model says is refused when the model is loaded.
#include "null_model.hpp"

using nullmodel::errorOf;

TEST(impossible_metadata_is_a_model_error_that_says_what_is_wrong) {
  const struct {
    const char* metadata;
    const char* text;
    const char* tensor;
  } cases[] = {
      {"rank", "11 dimensions, at most 10 are possible", "data"},
      {"model_name", "no name for a model", ""},
      {"tensor_name", "no name for input", ""},
      {"counts", "-1 models", ""},
      {"overlap", "strides with which the tensor would overlap itself", "data"},
      {"cores", "that it was compiled for", ""},
  };
  testdriver::Control& control = testdriver::control();
  for (const auto& each : cases) {
    const bool cores = std::string(each.metadata) == "cores";
    control.configure(cores ? "metadata= cores=70" : (std::string("shape=4x16 metadata=") + each.metadata).c_str());
    const hbm::Error error = errorOf([] { hbm::Runtime{nullmodel::anyFile()}; });
    CHECK(error.kind() == hbm::ErrorKind::kModel);
    if (std::string(error.what()).find(each.text) == std::string::npos) {
      throw check::Failure{error.what()};
    }
    CHECK_EQ(error.context().tensor, std::string(each.tensor));
    CHECK(nullmodel::nothingHeld(control));
  }
}

TEST(open_strides_that_no_memory_could_complete_are_refused_before_memory_is_touched) {
  const struct {
    const char* settings;
    std::vector<std::int64_t> shape;
    hbm::ErrorKind kind;
    const char* text;
  } cases[] = {
      {"metadata= dtype=3 shape=2x3x5 strides=64x-1x1",
       {2, 3, 5},
       hbm::ErrorKind::kModel,
       "input 'data': with the strides [64, 64, 1] a tensor of shape [2, 3, 5] would overlap itself; the model's own "
       "strides are [64, -1, 1]"},
      {"metadata= dtype=3 shape=2x-1 strides=8x1 size=64",
       {2, 20},
       hbm::ErrorKind::kShape,
       "with the strides [8, 1] a tensor of shape [2, 20] would overlap itself"},
      {"metadata= dtype=3 shape=2x-1x4 strides=64x-1x1 size=64", {2, 2, 4}, hbm::ErrorKind::kShape, "[64, 64, 1]"},
  };
  const std::vector<char> bytes(64, 1);
  for (const auto& each : cases) {
    nullmodel::Loaded runtime(each.settings);
    hbm::Call call;
    call.inputs = {hbm::denseView(bytes.data(), hbm::DataType::kU8, each.shape)};
    const hbm::Error error = errorOf([&] { static_cast<void>((*runtime).run({call})); });
    CHECK(error.kind() == each.kind);
    if (std::string(error.what()).find(each.text) == std::string::npos) {
      throw check::Failure{error.what()};
    }
    CHECK_EQ(error.context().tensor, std::string("data"));
  }
  nullmodel::Loaded fits("metadata= dtype=3 shape=2x-1 strides=8x1 size=64 copy=1");
  hbm::Call call;
  call.inputs = {hbm::denseView(bytes.data(), hbm::DataType::kU8, {2, 8})};
  static_cast<void>((*fits).run({call}));
}

TEST(missing_lists_and_negative_lengths_count_as_nothing) {
  testdriver::Control& control = testdriver::control();
  control.configure("metadata=names");
  CHECK_EQ(hbm::Runtime(nullmodel::anyFile()).modelCount(), 0U);
  control.configure("metadata=lengths");
  const hbm::Runtime runtime(nullmodel::anyFile());
  const hbm::TensorInfo& tensor = runtime.model(0).inputs[0];
  CHECK(tensor.quant.scales.empty() && tensor.quant.zeroPoints.empty());
  CHECK_EQ(tensor.description, std::string());
}

TEST(a_size_that_is_too_small_for_the_tensor_does_not_count) {
  testdriver::control().configure("metadata=small copy=1");
  hbm::Runtime runtime(nullmodel::anyFile());
  const nullmodel::Input input;
  CHECK_EQ(static_cast<const float*>(runtime.run({nullmodel::callOf(input)})[0][0].data)[15], 1.5F);
}
