// The driver's own part of a run.
#include <cstdio>
#include <map>
#include <memory>
#include <string>

#include "benchmarks/native/model_on_driver.hpp"
#include "benchmarks/native/samples.hpp"
#include "drivers/client.hpp"
#include "hbm_runtime/driver_info.hpp"

// The driver for everything that follows in this process; a directory. 0, or -1.
BENCH_API int benchLoadDriver(const char* directory) {
  try {
    hbm::loadDriver(directory);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return -1;
  }
}

BENCH_API int benchSetEnginePath(const char* path) {
  const auto set = hbm::Driver::get().extensionFunction(&bpusimInterface::setEnginePath);
  return set != nullptr ? set(path) : -1;
}

// Settings of the null driver (tests/drivers), which HBM_RUNTIME_DRIVER names.
BENCH_API int benchConfigureNullDriver(const char* settings) {
  try {
    testdriver::control().configure(settings);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return -1;
  }
}

// Median nanoseconds of one inference through the C ABI. The model stays loaded for the next call with this path and
// key.
BENCH_API double benchDriverCalls(const char* path, const char* key, std::size_t rounds) {
  static std::map<std::string, std::unique_ptr<bench::ModelOnDriver>> models;
  try {
    auto& model = models[std::string(path) + '\n' + key];
    if (model == nullptr) {
      model = std::make_unique<bench::ModelOnDriver>(hbm::Driver::get(), path);
    }
    return bench::medianNs(rounds, [&] { model->run(); });
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return bench::kFailed;
  }
}
