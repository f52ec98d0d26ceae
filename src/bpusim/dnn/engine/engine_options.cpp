#include "dnn/engine/engine_options.hpp"

#include <algorithm>

#include "dnn/engine/engine_library.hpp"
#include "dnn/engine/engine_plugins.hpp"
#include "dnn/engine/engine_process.hpp"

namespace bpusim {
namespace {

// Long enough for the next run of a program that does nothing else; otherwise threads stay awake up to 50 ms.
constexpr const char* kSpinMicroseconds = "1000";

// Pool threads are those beside the one that calls run(); the engine counts CPUs from 1.
[[nodiscard]] std::string poolAffinities(const EngineOptions& options) {
  std::string text;
  for (std::int32_t thread = 1; thread < options.load.threads; ++thread) {
    const std::size_t cpu = static_cast<std::size_t>(thread) % options.load.cpus.size();
    text += (text.empty() ? "" : ";") + std::to_string(options.load.cpus[cpu] + 1);
  }
  return text;
}

}  // namespace

OptionsOwner sessionOptions(const EngineOptions& options) {
  ort::SessionOptions* raw = nullptr;
  check(api().CreateSessionOptions(&raw));
  OptionsOwner owner(raw, api().ReleaseSessionOptions);
  const auto set = [&](const char* key, const std::string& value) {
    check(api().AddSessionConfigEntry(raw, key, value.c_str()));
  };
  check(api().SetIntraOpNumThreads(raw, std::max(options.load.threads, 1)));
  check(api().SetInterOpNumThreads(raw, 1));
  set("session.intra_op.allow_spinning", options.spins ? "1" : "0");
  if (options.spins && engineLibrary().boundsSpinning) {
    set("session.intra_op.spin_duration_us", kSpinMicroseconds);
  } else {
    set("session.force_spinning_stop", "1");  // when a run ends
  }
  // Otherwise 4-bit weights are multiplied with activations that are rounded to 8 bits.
  set("session.qdq_matmulnbits_accuracy_level", "1");
  if (options.load.flushDenormals) {
    set("session.set_denormal_as_zero", "1");
  }
  if (const EnginePlugin* const plugin = enginePlugin(options.load.engine); plugin != nullptr) {
    appendPlugin(raw, *plugin, options.load);
  }
  if (options.load.threads > 1 && !options.load.cpus.empty()) {
    set("session.intra_op_thread_affinities", poolAffinities(options));
  }
  if (options.load.saveMemory) {
    check(api().DisableCpuMemArena(raw));
    check(api().DisableMemPattern(raw));
    // Weights as they are in the file, which may be mapped, instead of copies that suit the kernels better.
    set("session.disable_prepacking", "1");
    check(api().SetSessionGraphOptimizationLevel(raw, ort::kExtendedOptimisation));
  }
  if (!options.optimise) {
    check(api().SetSessionGraphOptimizationLevel(raw, ort::kBasicOptimisation));
  }
  if (!options.profilePrefix.empty()) {
    check(api().EnableProfiling(raw, options.profilePrefix.c_str()));
  }
  if (options.weights.has_value()) {
    if (api().AddExternalInitializersFromFilesInMemory == nullptr) {
      throw Error(HB_UCP_INIT_FAILED, "models with weights of their own need ONNX Runtime 1.18 or later, this is " +
                                          engineLibrary().version);
    }
    const char* const names[] = {kWeightsLocation};
    char* const data[] = {const_cast<char*>(options.weights->data())};  // NOLINT: read only
    const std::size_t sizes[] = {options.weights->size()};
    check(api().AddExternalInitializersFromFilesInMemory(raw, names, data, sizes, 1));
  } else if (!options.weightsFolder.empty()) {
    set("session.model_external_initializers_file_folder_path", options.weightsFolder);
  }
  return owner;
}

}  // namespace bpusim
