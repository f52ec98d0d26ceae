#include "dnn/engine/engine_plugins.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <mutex>
#include <vector>

#include "dnn/engine/engine_library.hpp"
#include "dnn/engine/engine_process.hpp"
#include "never_destroyed.hpp"

namespace bpusim {
namespace {

namespace fs = std::filesystem;

// Another plug-in is another row.
constexpr EnginePlugin kPlugins[] = {
    // Without the hint it computes in bfloat16 on processors that have it.
    {"openvino", "OpenVINOExecutionProvider", "onnxruntime_ep_openvino", "libonnxruntime_providers_openvino_plugin.so",
     "load_config", R"({"CPU":{"INFERENCE_PRECISION_HINT":"f32","INFERENCE_NUM_THREADS":"{threads}"}})"},
};

struct Registered {
  const ort::EpDevice* device = nullptr;
  std::string version;
};

struct Registry {
  std::mutex mutex;
  std::map<std::string, Registered> plugins;
};

[[nodiscard]] Registry& registry() {
  static hbm::NeverDestroyed<Registry> all;  // as long as the engine
  return *all;
}

[[noreturn]] void refuse(const EnginePlugin& plugin, const std::string& text) {
  throw Error(HB_UCP_INIT_FAILED, std::string("engine '") + plugin.name + "': " + text);
}

// BPUSIM_PLUGIN_PATH, a library or its folder; else the package beside that of ONNX Runtime, else beside bpusim's.
[[nodiscard]] std::string libraryOf(const EnginePlugin& plugin) {
  std::vector<fs::path> places;
  if (const char* const chosen = secure_getenv("BPUSIM_PLUGIN_PATH"); chosen != nullptr && *chosen != '\0') {
    places.emplace_back(chosen);
  } else {
    places.push_back(fs::path(engineLibrary().path).parent_path() / ".." / ".." / plugin.package);
    places.push_back(libraryFolder() / ".." / ".." / plugin.package);
  }
  std::string tried;
  for (const fs::path& place : places) {
    std::error_code ignored;
    const fs::path path = fs::is_directory(place, ignored) ? place / plugin.library : place;
    if (fs::is_regular_file(path, ignored)) {
      return path.string();
    }
    tried += (tried.empty() ? "" : ", ") + place.lexically_normal().string();
  }
  std::string distribution = plugin.package;
  std::replace(distribution.begin(), distribution.end(), '_', '-');
  refuse(plugin, "not installed (looked in " + tried + "): pip install " + distribution +
                     ", or set BPUSIM_PLUGIN_PATH to its library");
}

[[nodiscard]] std::string versionOf(const ort::EpDevice* device) {
  const ort::KeyValuePairs* const metadata = api().EpDevice_EpMetadata(device);
  const char* const version = metadata == nullptr ? nullptr : api().GetKeyValue(metadata, "version");
  const std::string text = version == nullptr ? "" : version;
  return text.substr(0, text.find('+'));
}

[[nodiscard]] Registered registered(const EnginePlugin& plugin) {
  if (api().GetEpDevices == nullptr) {
    refuse(plugin, "it needs ONNX Runtime 1.22 or later, this is " + engineLibrary().version);
  }
  check(api().RegisterExecutionProviderLibrary(engine().env, plugin.name, libraryOf(plugin).c_str()),
        HB_UCP_INIT_FAILED);
  const ort::EpDevice* const* devices = nullptr;
  std::size_t count = 0;
  check(api().GetEpDevices(engine().env, &devices, &count), HB_UCP_INIT_FAILED);
  for (std::size_t i = 0; i < count; ++i) {
    if (std::string_view(api().EpDevice_EpName(devices[i])) == plugin.provider &&
        api().HardwareDevice_Type(api().EpDevice_Device(devices[i])) == ort::kCpuDevice) {
      return {devices[i], versionOf(devices[i])};
    }
  }
  check(api().UnregisterExecutionProviderLibrary(engine().env, plugin.name), HB_UCP_INIT_FAILED);
  refuse(plugin, "the plug-in that is installed does not take this machine's processor; leave engine out");
}

[[nodiscard]] const ort::EpDevice* deviceOf(const EnginePlugin& plugin) {
  Registry& all = registry();
  const std::lock_guard<std::mutex> lock(all.mutex);
  auto found = all.plugins.find(plugin.name);
  if (found == all.plugins.end()) {
    found = all.plugins.emplace(plugin.name, registered(plugin)).first;
  }
  return found->second.device;
}

[[nodiscard]] std::string optionValue(const EnginePlugin& plugin, const LoadOptions& options) {
  // Threads of its own cannot be pinned; one that computes on the caller's thread is where that is.
  const std::int32_t threads = options.threads == 0 && !options.cpus.empty() ? 1 : options.threads;
  constexpr std::string_view kThreads = "{threads}";
  std::string value = plugin.optionValue;
  if (const std::size_t place = value.find(kThreads); place != std::string::npos) {
    value.replace(place, kThreads.size(), std::to_string(threads));
  }
  return value;
}

}  // namespace

const EnginePlugin* enginePlugin(std::string_view name) {
  if (name.empty() || name == kOwnEngine) {
    return nullptr;
  }
  std::string known = std::string("'") + kOwnEngine + "'";
  for (const EnginePlugin& plugin : kPlugins) {
    if (plugin.name == name) {
      return &plugin;
    }
    known += std::string(", '") + plugin.name + "'";
  }
  throw Error(HB_UCP_INVALID_ARGUMENT, "there is no engine '" + std::string(name) + "'; there are " + known);
}

void appendPlugin(ort::SessionOptions* session, const EnginePlugin& plugin, const LoadOptions& options) {
  const ort::EpDevice* const device = deviceOf(plugin);
  const std::string value = optionValue(plugin, options);
  const char* const keys[] = {plugin.optionKey};
  const char* const values[] = {value.c_str()};
  check(api().SessionOptionsAppendExecutionProvider_V2(session, engine().env, &device, 1, keys, values, 1),
        HB_UCP_INIT_FAILED);
}

std::string pluginsInUse() {
  Registry& all = registry();
  const std::lock_guard<std::mutex> lock(all.mutex);
  std::string text;
  for (const auto& [name, plugin] : all.plugins) {
    text += "; " + name + (plugin.version.empty() ? "" : " " + plugin.version);
  }
  return text;
}

}  // namespace bpusim
