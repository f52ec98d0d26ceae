// The shortest program: one model with one float input, run once.
//   first_run model.hbm
#include <cstdio>
#include <hbm_runtime/error.hpp>
#include <hbm_runtime/runtime.hpp>
#include <vector>

int main(int argc, char** argv) try {
  hbm::Runtime runtime(std::vector<std::string>{argc > 1 ? argv[1] : "model.hbm"});
  const hbm::ModelInfo& model = runtime.model(0);
  const hbm::TensorInfo& input = model.inputs.at(0);

  std::size_t count = 1;
  for (const std::int64_t size : input.shape) {
    count *= static_cast<std::size_t>(size);
  }
  const std::vector<float> values(count, 1.0F);
  const hbm::TensorView view = hbm::denseView(values.data(), hbm::DataType::kF32, input.shape);

  const auto results = runtime.run({runtime.makeCall(model.name, {{input.name, view}})});
  for (const hbm::DeviceTensor& output : results.front()) {
    std::printf("%g\n", static_cast<double>(*static_cast<const float*>(output.data)));
  }
  return 0;
} catch (const hbm::Error& error) {
  std::fprintf(stderr, "%s\n", error.what());  // names model and tensor, what was expected and what was given
  return 1;
}
