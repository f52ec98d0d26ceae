// Measures a model, prints where the time goes, and writes the outputs for numpy.
//   measuring model.onnx [input.npy]
#include <exception>
#include <hbm_runtime/benchmark.hpp>
#include <hbm_runtime/devices.hpp>
#include <hbm_runtime/npy.hpp>
#include <hbm_runtime/print.hpp>
#include <hbm_runtime/runtime.hpp>
#include <iostream>
#include <string>

#include "example_inputs.hpp"

namespace {

void measure(hbm::Runtime& runtime, const hbm::Call& call) {
  const hbm::ModelInfo& model = runtime.model(0);
  hbm::Profile profile(runtime);
  const hbm::Benchmark measured = hbm::benchmark(runtime, call);
  profile.stop();
  std::cout << "latency " << measured.latency.p50 * 1e3 << " ms, " << measured.throughput << " runs a second\n";
  for (const auto& [phase, durations] : profile.durations(model.name)) {
    std::cout << "  " << phase << ": " << durations.p50 * 1e3 << " ms\n";
  }
  const std::vector<hbm::DeviceTensor> outputs = runtime.run({call}).front();
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    hbm::saveNpy(model.outputs[i].name + ".npy", outputs[i]);
    std::cout << "wrote " << model.outputs[i].name << ".npy: " << outputs[i] << '\n';
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2 && argc != 3) {
    std::cerr << "usage: measuring model.onnx [input.npy]\n";
    return 2;
  }
  try {
    const hbm::HostInfo host = hbm::hostInfo();
    std::cout << host.name << ", " << host.cpus << " CPUs, BPU cores: " << host.devices.size() << '\n';
    hbm::Runtime runtime({std::string(argv[1])});
    std::cout << runtime.model(0) << '\n';
    const ExampleInputs ones(runtime.model(0));
    hbm::Call call;
    call.inputs = ones.views();
    hbm::NpyArray array;
    if (argc == 3) {
      array = hbm::loadNpy(argv[2]);
      call.inputs.front() = array.view();
    }
    measure(runtime, call);
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
  return 0;
}
