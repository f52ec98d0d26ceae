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
