// A program that loads and runs models in the way its arguments name, for tests that need a process of their own:
// dnn_probe what [files...]. Prints "name=value" lines.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "bpusim/extension.h"
#include "hobot/dnn/hb_dnn.h"

extern "C" const void* bpusimGetInterface(std::uint32_t version);

namespace {

const bpusimInterface& driver() {
  return *static_cast<const bpusimInterface*>(bpusimGetInterface(BPUSIM_INTERFACE_VERSION));
}

void print(const char* name, const std::string& value) {
  std::printf("%s=%s\n", name, value.c_str());
  std::fflush(stdout);
}

int threadsOfProcess() {
  const std::filesystem::directory_iterator tasks("/proc/self/task");
  return static_cast<int>(std::distance(begin(tasks), end(tasks)));
}

// Loads each file, prints its status and text.
int load(const std::vector<std::string>& files) {
  for (const std::string& file : files) {
    hbDNNPackedHandle_t packed = nullptr;
    const char* paths[] = {file.c_str()};
    const std::int32_t status = hbDNNInitializeFromFiles(&packed, paths, 1);
    print("status", std::to_string(status));
    print("text", status == HB_DNN_SUCCESS ? "" : driver().lastError());
    if (status == HB_DNN_SUCCESS) {
      hbDNNRelease(packed);
    }
  }
  return 0;
}

// Loads and runs the first file; prints how many threads the process had before and after.
int run(const std::vector<std::string>& files) {
  print("before", std::to_string(threadsOfProcess()));
  hbDNNPackedHandle_t packed = nullptr;
  const char* paths[] = {files.at(0).c_str()};
  const char** names = nullptr;
  std::int32_t count = 0;
  hbDNNHandle_t model = nullptr;
  if (hbDNNInitializeFromFiles(&packed, paths, 1) != 0 || hbDNNGetModelNameList(&names, &count, packed) != 0 ||
      hbDNNGetModelHandle(&model, packed, names[0]) != 0) {
    print("text", driver().lastError());
    return 1;
  }
  print("loaded", std::to_string(threadsOfProcess()));
  hbDNNTensor input{};
  hbDNNTensor output{};
  hbDNNGetInputTensorProperties(&input.properties, model, 0);
  hbDNNGetOutputTensorProperties(&output.properties, model, 0);
  hbUCPMallocCached(&input.sysMem, static_cast<std::uint64_t>(input.properties.alignedByteSize), 0);
  hbUCPMallocCached(&output.sysMem, static_cast<std::uint64_t>(output.properties.alignedByteSize), 0);
  print("run", std::to_string(hbDNNInferV2(nullptr, &output, &input, model)));
  hbUCPFree(&input.sysMem);
  hbUCPFree(&output.sysMem);
  hbDNNRelease(packed);
  return 0;
}

// Runs body in a child and prints how that ended.
template <class Body>
void inChild(Body&& body) {
  const pid_t child = fork();
  if (child == 0) {
    body();
    std::exit(7);
  }
  int status = 0;
  waitpid(child, &status, 0);
  print("child", std::to_string(WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status)));
}

// Forks when it has asked for texts only, and again while a model is loaded.
int forkTwice(const std::vector<std::string>& files) {
  print("version", hbDNNGetVersion());
  print("text", hbDNNGetErrorDesc(0));
  inChild([&] { run(files); });
  hbDNNPackedHandle_t packed = nullptr;
  const char* path = files.at(0).c_str();
  const char** names = nullptr;
  std::int32_t count = 0;
  hbDNNHandle_t model = nullptr;
  if (hbDNNInitializeFromFiles(&packed, &path, 1) != 0 || hbDNNGetModelNameList(&names, &count, packed) != 0 ||
      hbDNNGetModelHandle(&model, packed, names[0]) != 0) {
    return 1;
  }
  inChild([&] {
    const char* text = nullptr;
    std::uint32_t size = 0;
    hbDNNTensorProperties properties{};
    hbDNNTensor tensor{};
    hbUCPTaskHandle_t task = nullptr;
    const void* data[] = {&tensor};
    std::string statuses;
    for (const std::int32_t status :
         {hbDNNInitializeFromFiles(&packed, &path, 1), hbDNNInitializeFromDDR(&packed, data, &count, 1),
          hbDNNGetModelNameList(&names, &count, packed), hbDNNGetModelHandle(&model, packed, "affine"),
          hbDNNGetInputCount(&count, model), hbDNNGetInputName(&text, model, 0),
          hbDNNGetInputTensorProperties(&properties, model, 0), hbDNNGetInputDesc(&text, &size, &count, model, 0),
          hbDNNGetOutputCount(&count, model), hbDNNGetOutputName(&text, model, 0),
          hbDNNGetOutputTensorProperties(&properties, model, 0), hbDNNGetOutputDesc(&text, &size, &count, model, 0),
          hbDNNGetModelDesc(&text, &size, &count, model), hbDNNGetHBMDesc(&text, &size, &count, packed, 0),
          hbDNNGetCompileBpuCoreNum(&count, model), hbDNNInferV2(&task, &tensor, &tensor, model),
          hbDNNInferV2(nullptr, &tensor, &tensor, model), hbDNNGetTaskOutputTensorProperties(&properties, task, 0, 0),
          hbDNNRelease(packed)}) {
      statuses += status == HB_DNN_API_USE_ERROR ? "+" : std::to_string(status);
    }
    print("statuses", statuses);
    print("error", driver().lastError());
    print("version", hbDNNGetVersion());
  });
  print("release", std::to_string(hbDNNRelease(packed)));
  return run(files);
}

// What works without an engine.
int withoutEngine(const std::vector<std::string>&) {
  print("version", hbDNNGetVersion());
  hbUCPSysMem memory{};
  print("malloc", std::to_string(hbUCPMallocCached(&memory, 64, 0)));
  print("free", std::to_string(hbUCPFree(&memory)));
  print("release", std::to_string(hbDNNRelease(nullptr)));
  return 0;
}

// The path of the second argument, then a load of the first.
int enginePath(const std::vector<std::string>& arguments) {
  print("set", std::to_string(driver().setEnginePath(arguments.at(1).c_str())));
  return load({arguments.at(0)});
}

// A row stride of 32 bytes, as only some SoCs take it.
int stride32(const std::vector<std::string>& files) {
  hbDNNPackedHandle_t packed = nullptr;
  const char* paths[] = {files.at(0).c_str()};
  hbDNNHandle_t model = nullptr;
  if (hbDNNInitializeFromFiles(&packed, paths, 1) != 0 || hbDNNGetModelHandle(&model, packed, "nv12") != 0) {
    return 1;
  }
  hbDNNTensor inputs[2] = {};
  hbDNNTensor outputs[2] = {};
  for (int i = 0; i < 2; ++i) {
    hbDNNGetInputTensorProperties(&inputs[i].properties, model, i);
    hbDNNGetOutputTensorProperties(&outputs[i].properties, model, i);
    inputs[i].properties.stride[1] = 32;
    inputs[i].properties.stride[0] = 32 * inputs[i].properties.validShape.dimensionSize[1];
    hbUCPMallocCached(&inputs[i].sysMem, 4096, 0);
    hbUCPMallocCached(&outputs[i].sysMem, 4096, 0);
  }
  print("run", std::to_string(hbDNNInferV2(nullptr, outputs, inputs, model)));
  return 0;
}

std::string content(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void loadMemory(const std::string& bytes) {
  const void* data[] = {bytes.data()};
  std::int32_t lengths[] = {static_cast<std::int32_t>(bytes.size())};
  hbDNNPackedHandle_t packed = nullptr;
  if (hbDNNInitializeFromDDR(&packed, data, lengths, 1) == HB_DNN_SUCCESS) {
    hbDNNRelease(packed);
  }
}

void limit(int resource, rlim_t value) {
  const rlimit both{value, value};
  if (setrlimit(static_cast<__rlimit_resource_t>(resource), &both) != 0) {
    std::perror("setrlimit");
    std::exit(1);
  }
}

// Damages the first file in as many ways as the second argument says, starting from the third.
int mutate(const std::vector<std::string>& arguments) {
  const std::string good = content(arguments.at(0));
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  limit(RLIMIT_AS, rlim_t{4} << 30U);
#endif
  limit(RLIMIT_CPU, 120);
  std::mt19937 random(static_cast<std::uint32_t>(std::stoul(arguments.at(2))));
  const auto upTo = [&](std::size_t end) { return static_cast<std::size_t>(random() % end); };
  const int count = std::stoi(arguments.at(1));
  for (int i = 0; i < count; ++i) {
    std::string bytes = good;
    switch (upTo(5)) {
      case 0:
        bytes.resize(upTo(bytes.size()));
        break;
      case 1:
        bytes.erase(upTo(bytes.size()), upTo(8) + 1);
        break;
      case 2:
        bytes.insert(upTo(bytes.size()), std::string(upTo(8) + 1, static_cast<char>(random())));
        break;
      default:
        for (std::size_t flips = upTo(4) + 1; flips > 0; --flips) {
          bytes[upTo(bytes.size())] = static_cast<char>(random());
        }
    }
    loadMemory(bytes);
  }
  print("survived", std::to_string(count));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + std::min(argc, 2), argv + argc);
  const std::pair<const char*, int (*)(const std::vector<std::string>&)> ways[] = {{"load", load},
                                                                                   {"run", run},
                                                                                   {"without_engine", withoutEngine},
                                                                                   {"engine_path", enginePath},
                                                                                   {"stride32", stride32},
                                                                                   {"mutate", mutate},
                                                                                   {"fork", forkTwice}};
  for (const auto& [name, way] : ways) {
    if (argc > 1 && std::strcmp(argv[1], name) == 0) {
      return way(arguments);
    }
  }
  return 2;
}
