// Load options are the driver extension's: a driver without it refuses them, and takes the defaults.
#include "null_model.hpp"

using hbm::ErrorKind;
using nullmodel::anyFile;
using nullmodel::errorOf;

TEST(a_driver_that_honours_no_load_options_refuses_each_of_them) {
  testdriver::control().configure("");
  std::vector<hbm::LoadOptions> all(6);
  all[0].threads = 2;
  all[1].cpus = {1};
  all[2].flushDenormals = true;
  all[3].saveMemory = true;
  all[4].profile = true;
  all[5].keep = {"tensor"};
  for (const hbm::LoadOptions& options : all) {
    const hbm::Error error = errorOf([&] { const hbm::Runtime runtime(anyFile(), options); });
    CHECK(error.kind() == ErrorKind::kUnsupported);
    CHECK(std::string(error.what()).find("takes no load options") != std::string::npos);
  }
  CHECK_EQ(hbm::Runtime(anyFile()).modelCount(), 1U);
  CHECK(nullmodel::nothingHeld(testdriver::control()));
}

TEST(what_only_the_extension_can_tell_is_unsupported_too) {
  nullmodel::Loaded loaded;
  CHECK(errorOf([&] { static_cast<void>(loaded->operations(0)); }).kind() == ErrorKind::kUnsupported);
  CHECK(errorOf([&] { static_cast<void>(loaded->takeOperationTimes(0)); }).kind() == ErrorKind::kUnsupported);
  CHECK_EQ(loaded->dimensionNames(0, hbm::TensorRole::kInput, 0).front(), std::string());
  CHECK_EQ(loaded->inferShapes(0, {{16}}).front().front(), 16);
}

TEST(output_shapes_that_this_driver_cannot_tell_are_unsupported) {
  nullmodel::Loaded loaded("shape=-1x4 size=64");
  CHECK(errorOf([&] { static_cast<void>(loaded->inferShapes(0, {{2, 4}})); }).kind() == ErrorKind::kUnsupported);
}
