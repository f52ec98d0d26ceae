// Looks on: log lines, load options, tensors by name, shapes without running, times of requests and of single
// operations.
//   observing model.onnx INPUT
#include <chrono>
#include <cstdio>
#include <hbm_runtime/driver_info.hpp>
#include <hbm_runtime/error.hpp>
#include <hbm_runtime/logging.hpp>
#include <hbm_runtime/recorder.hpp>
#include <hbm_runtime/runtime.hpp>
#include <hbm_runtime/version.hpp>
#include <memory>
#include <string>
#include <vector>

#include "example_inputs.hpp"

namespace {

void printLine(hbm::LogLevel level, const char* text, void* /*userdata*/) {
  std::fprintf(stderr, "log %d: %s\n", static_cast<int>(level), text);
}

// Drivers of boards honour no load options; there the model is loaded without them.
std::unique_ptr<hbm::Runtime> load(const std::string& path) {
  hbm::LoadOptions options;
  options.threads = 1;
  options.profile = true;
  try {
    return std::make_unique<hbm::Runtime>(std::vector<std::string>{path}, options);
  } catch (const hbm::Error& error) {
    if (error.kind() != hbm::ErrorKind::kUnsupported) {
      throw;
    }
    return std::make_unique<hbm::Runtime>(std::vector<std::string>{path});
  }
}

void printShapes(const hbm::Runtime& runtime, const hbm::ModelInfo& model) {
  std::vector<std::vector<std::int64_t>> shapes;
  for (const hbm::TensorInfo& input : model.inputs) {
    shapes.push_back(input.shape);
  }
  const auto outputs = runtime.inferShapes(0, shapes);
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    std::printf("output %s would have %zu dimensions\n", model.outputs[i].name.c_str(), outputs[i].size());
  }
}

void printTimes(hbm::Runtime& runtime, const hbm::Recorder& recorder) {
  for (const hbm::RequestRecord& record : recorder.records()) {
    std::printf("request: %s, waited %.3f ms, ran %.3f ms\n", hbm::requestStateName(record.state),
                static_cast<double>(record.info.submitNs - record.info.enqueueNs) / 1e6,
                static_cast<double>(record.info.endedNs - record.info.submitNs) / 1e6);
  }
  try {
    for (const hbm::OperationTime& time : runtime.takeOperationTimes(0)) {
      std::printf("operation %s: %.3f ms\n", time.operation.type.c_str(), static_cast<double>(time.durationNs) / 1e6);
    }
  } catch (const hbm::Error& error) {
    std::printf("%s\n", error.what());  // this driver does not tell
  }
}

void observe(const std::string& path, const std::string& inputName) {
  hbm::setLogSink(printLine, nullptr, hbm::LogLevel::kInfo);
  std::printf("library %s, BPU cores: %d\n", hbm::libraryVersion(), hbm::coreCount().value_or(0));
  const std::unique_ptr<hbm::Runtime> runtime = load(path);
  const hbm::ModelInfo& model = runtime->model(0);
  const auto recorder = std::make_shared<hbm::Recorder>(1000);
  runtime->setRecorder(recorder);

  const ExampleInputs inputs(model);
  const hbm::TensorView view = inputs.views()[hbm::tensorIndex(model.inputs, inputName)];
  const hbm::Call call = runtime->makeCall(model.name, {{inputName, view}});
  printShapes(*runtime, model);

  hbm::CallOptions limits;
  limits.timeout = std::chrono::seconds(60);
  for (int repeat = 0; repeat < 3; ++repeat) {
    (void)runtime->run({call}, limits);
  }
  printTimes(*runtime, *recorder);
  const hbm::RequestCounts counts = runtime->requestCounts(0);
  std::printf("done: %lld, failed: %lld\n", static_cast<long long>(counts.done), static_cast<long long>(counts.failed));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: observing model.onnx INPUT\n");
    return 2;
  }
  try {
    observe(argv[1], argv[2]);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
