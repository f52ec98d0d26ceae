// Loads a model, says what it is, runs it once and prints the first values of its outputs.
//   run_model model.hbm
// The passphrase of an encrypted model comes from the environment: MODEL_PASSPHRASE.
#include <cstdio>
#include <cstdlib>
#include <hbm_runtime/driver_info.hpp>
#include <hbm_runtime/error.hpp>
#include <hbm_runtime/runtime.hpp>
#include <hbm_runtime/version.hpp>
#include <string>
#include <vector>

#include "example_inputs.hpp"

namespace {

std::string shapeText(const std::vector<std::int64_t>& shape) {
  std::string text;
  for (const std::int64_t dimension : shape) {
    text += (text.empty() ? "" : "x") + std::to_string(dimension);
  }
  return text;
}

void describe(const char* direction, const std::vector<hbm::TensorInfo>& tensors) {
  for (const hbm::TensorInfo& tensor : tensors) {
    std::printf("  %s %s: %s %s\n", direction, tensor.name.c_str(), hbm::dataTypeName(tensor.dtype),
                shapeText(tensor.shape).c_str());
  }
}

void runAll(const std::string& path) {
  hbm::LoadOptions options;
  if (const char* passphrase = std::getenv("MODEL_PASSPHRASE"); passphrase != nullptr) {
    options.passphrase = passphrase;
  }
  hbm::Runtime runtime(std::vector<std::string>{path}, options);
  const hbm::DriverInfo driver = hbm::driverInfo();
  std::printf("hbm_runtime %s on %s (%s)\n", HBM_RUNTIME_VERSION, driver.soc.c_str(), driver.kind.c_str());
  for (std::size_t index = 0; index < runtime.modelCount(); ++index) {
    const hbm::ModelInfo& model = runtime.model(index);
    std::printf("model %s\n", model.name.c_str());
    describe("input", model.inputs);
    describe("output", model.outputs);

    const ExampleInputs inputs(model);
    hbm::Call call;
    call.model = index;
    call.inputs = inputs.views();
    call.sched.priority = 5;
    const std::vector<hbm::DeviceTensor> outputs = runtime.run({call}).front();
    for (std::size_t output = 0; output < outputs.size(); ++output) {
      std::printf("  result %s: %s", model.outputs[output].name.c_str(), shapeText(outputs[output].shape).c_str());
      if (outputs[output].dtype == hbm::DataType::kF32) {
        std::printf(", first value %g", static_cast<double>(*static_cast<const float*>(outputs[output].data)));
      }
      std::printf("\n");
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: run_model model.hbm\n");
    return 2;
  }
  try {
    runAll(argv[1]);
  } catch (const hbm::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
