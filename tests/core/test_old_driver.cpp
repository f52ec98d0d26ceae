// A driver without any of the optional functions.
#include "hbm_runtime/driver_info.hpp"
#include "null_model.hpp"

using nullmodel::callOf;
using nullmodel::errorOf;
using nullmodel::Loaded;

TEST(it_loads_and_says_what_it_knows) {
  const hbm::DriverInfo info = hbm::driverInfo();
  CHECK_EQ(info.kind, std::string("vendor"));
  CHECK_EQ(info.soc, std::string());
  CHECK_EQ(info.hbucpVersion, std::string());
  CHECK_EQ(hbm::Runtime::driverVersion(), std::string("3.13.6_(test driver)"));
}

TEST(models_run_in_both_ways) {
  Loaded loaded("copy=1");
  const nullmodel::Input input;
  CHECK_EQ(static_cast<const float*>(loaded->run({callOf(input)})[0][0].data)[0], 1.5F);
  const auto request = loaded->start(callOf(input));
  CHECK(request->wait(nullmodel::kPatience));
  CHECK_EQ(static_cast<const float*>(request->outputs()[0].data)[0], 1.5F);
}

TEST(without_the_core_count_models_count_as_compiled_for_one_core) {
  Loaded loaded("cores=2");
  CHECK_EQ(loaded->model(0).compileCores, 1);
}

TEST(what_the_driver_cannot_do_is_an_unsupported_error) {
  Loaded loaded("shape=4x4");
  const int byte = 0;
  CHECK(errorOf([&] { hbm::Runtime(std::vector<hbm::ModelBuffer>{{&byte, 1}}); }).kind() ==
        hbm::ErrorKind::kUnsupported);
  hbm::LoadOptions options;
  options.threads = 2;
  CHECK(errorOf([&] { hbm::Runtime(nullmodel::anyFile(), options); }).kind() == hbm::ErrorKind::kUnsupported);
}

TEST(without_the_extension_symbolic_dimensions_have_no_names) {
  Loaded loaded("shape=-1x4 size=64");
  CHECK(loaded->dimensionNames(0, hbm::TensorRole::kInput, 0) == (std::vector<std::string>{"", ""}));
  CHECK(errorOf([&] { static_cast<void>(loaded->inferShapes(0, {{2, 4}})); }).kind() == hbm::ErrorKind::kUnsupported);
}

TEST(the_driver_decides_on_cores_that_nothing_else_knows) {
  Loaded loaded("hold=1");
  const nullmodel::Input input;
  hbm::Call call = callOf(input);
  call.sched.bpuCores = std::vector<std::int32_t>{3};
  const auto request = loaded->start(call);
  hbUCPSchedParam seen{};
  CHECK_EQ(loaded.control.submissions(&seen, 1), 1U);
  CHECK_EQ(seen.backend, HB_UCP_BPU_CORE_3);
  loaded.control.finishAll(0);
  CHECK(request->wait(nullmodel::kPatience));
}
