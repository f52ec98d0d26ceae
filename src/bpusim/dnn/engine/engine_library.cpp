#include "dnn/engine/engine_library.hpp"

#include <dlfcn.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include "dnn/base/error.hpp"
#include "files/folder.hpp"
#include "never_destroyed.hpp"

namespace bpusim {
namespace {

namespace fs = std::filesystem;

constexpr const char* kAdvice =
    "bpusim computes with ONNX Runtime and cannot use it here: install it, or set BPUSIM_ENGINE_PATH to "
    "libonnxruntime.so "
    "or its folder";

struct Paths {
  std::mutex mutex;
  std::string fromClient;
  std::unique_ptr<const EngineLibrary> library;
  std::atomic<bool> missing{false};  // read without the mutex, which a search holds for long
};

[[nodiscard]] Paths& paths() {
  // Never destroyed: the engine computes until the process is gone.
  static hbm::NeverDestroyed<Paths> all;
  return *all;
}

// The library itself for a file; for a directory the last of its libonnxruntime.so* by name; "" when there is none.
[[nodiscard]] std::string libraryAt(const fs::path& place) {
  std::error_code error;
  if (!fs::is_directory(place, error)) {
    return fs::exists(place, error) ? place.string() : "";
  }
  std::string found;
  hbm::Folder folder(place.c_str());
  while (const char* const name = folder.next()) {
    if (std::string_view(name).rfind("libonnxruntime.so", 0) == 0) {
      found = std::max(found, (place / name).string());
    }
  }
  return found;
}

// Where Python installations keep the engine: the active environment's, the user's, the system's.
[[nodiscard]] std::vector<fs::path> pythonPlaces() {
  std::vector<fs::path> prefixes;
  for (const auto& [variable, below] : {std::pair{"VIRTUAL_ENV", ""}, {"CONDA_PREFIX", ""}, {"HOME", ".local"}}) {
    if (const char* const value = secure_getenv(variable); value != nullptr && *value == '/') {
      prefixes.push_back(fs::path(value) / below);
    }
  }
  prefixes.emplace_back("/usr/local");
  prefixes.emplace_back("/usr");
  std::vector<fs::path> places;
  for (const fs::path& prefix : prefixes) {
    const fs::path libraries = prefix / "lib";
    hbm::Folder folder(libraries.c_str());
    while (const char* const name = folder.next()) {
      if (std::string_view(name).rfind("python3", 0) != 0) {
        continue;
      }
      for (const char* const packages : {"site-packages", "dist-packages"}) {
        const fs::path place = libraries / name / packages / "onnxruntime" / "capi";
        std::error_code ignored;
        if (fs::is_directory(place, ignored)) {
          places.push_back(place);
        }
      }
    }
  }
  return places;
}

[[nodiscard]] ort::Functions functionsOf(const void* table, std::uint32_t version) {
  ort::Functions functions;
  const auto* const entries = static_cast<void* const*>(table);
#define BPUSIM_ORT_FUNCTION(position, since, result, name, arguments)                          \
  if (version >= (since)) {                                                                    \
    functions.name = reinterpret_cast<decltype(functions.name)>(entries[position]); /*NOLINT*/ \
  }
  BPUSIM_ORT_FUNCTIONS(BPUSIM_ORT_FUNCTION)
#undef BPUSIM_ORT_FUNCTION
  return functions;
}

[[nodiscard]] bool isAtLeast(const std::string& version, int minor) {
  return std::atoi(version.c_str() + version.find('.') + 1) >= minor;
}

// Null, with the reason, when the library cannot be used.
[[nodiscard]] std::unique_ptr<const EngineLibrary> open(const std::string& path, std::string& reason) {
  // Since 1.29 the library reports usage to its maker from the moment it is loaded, unless this is set before.
  setenv("ORT_DISABLE_TELEMETRY", "1", 0);
  void* const handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    const char* const text = dlerror();
    reason = text == nullptr ? "it does not load" : text;
    return nullptr;
  }
  // The library stays open whatever comes: its static destructors are not meant to run early.
  const auto getApiBase = reinterpret_cast<const ort::ApiBase* (*)()>(dlsym(handle, "OrtGetApiBase"));
  const ort::ApiBase* const base = getApiBase == nullptr ? nullptr : getApiBase();
  if (base == nullptr) {
    reason = path + " is not ONNX Runtime";
    return nullptr;
  }
  const std::string version = base->GetVersionString();
  for (std::uint32_t api = ort::kNewestApi; version.rfind("1.", 0) == 0 && api >= ort::kOldestApi; --api) {
    if (!isAtLeast(version, static_cast<int>(api))) {
      continue;  // the library would complain to stderr
    }
    if (const void* const table = base->GetApi(api); table != nullptr) {
      return std::make_unique<const EngineLibrary>(
          EngineLibrary{functionsOf(table, api), version, path, isAtLeast(version, 26)});
    }
  }
  reason = path + " is version " + version + ", 1.21 or a later 1.x is needed";
  return nullptr;
}

[[nodiscard]] std::unique_ptr<const EngineLibrary> find(const std::string& fromClient) {
  const char* const chosen = secure_getenv("BPUSIM_ENGINE_PATH");
  std::vector<fs::path> places;
  if (chosen != nullptr && *chosen != '\0') {
    places.emplace_back(chosen);
  } else {
    if (!fromClient.empty()) {
      places.emplace_back(fromClient);
    }
    const fs::path own = libraryFolder();
    places.push_back(own / ".." / ".." / "onnxruntime" / "capi");
    places.push_back(own);
  }
  std::string tried;
  std::string reason;
  const auto attempt = [&](const std::string& path) {
    auto library = open(path, reason);
    if (library == nullptr) {
      tried += (tried.empty() ? "" : "; ") + reason;
    }
    return library;
  };
  for (const fs::path& place : places) {
    const std::string path = libraryAt(place);
    if (path.empty()) {
      tried += (tried.empty() ? "no libonnxruntime.so in " : "; none in ") + place.lexically_normal().string();
    } else if (auto library = attempt(path); library != nullptr) {
      return library;
    }
  }
  if (chosen == nullptr || *chosen == '\0') {
    if (auto library = attempt("libonnxruntime.so.1"); library != nullptr) {
      return library;
    }
    for (const fs::path& place : pythonPlaces()) {
      const std::string path = libraryAt(place);
      if (auto library = path.empty() ? nullptr : attempt(path); library != nullptr) {
        return library;
      }
    }
  }
  throw Error(HB_UCP_INIT_FAILED, std::string(kAdvice) + " (" + tried + ")");
}

}  // namespace

fs::path libraryFolder() {
  Dl_info info{};
  if (dladdr(reinterpret_cast<const void*>(&setEnginePath), &info) == 0 || info.dli_fname == nullptr) {
    return {};
  }
  std::error_code error;
  const fs::path path = fs::canonical(info.dli_fname, error);
  return error ? fs::path(info.dli_fname).parent_path() : path.parent_path();
}

const EngineLibrary& engineLibrary() {
  const std::lock_guard<std::mutex> lock(paths().mutex);
  if (paths().library == nullptr) {
    paths().missing = true;
    paths().library = find(paths().fromClient);
    paths().missing = false;
  }
  return *paths().library;
}

bool engineMissing() noexcept { return paths().missing; }

void setEnginePath(const char* path) {
  const std::lock_guard<std::mutex> lock(paths().mutex);
  paths().fromClient = path == nullptr ? "" : path;
}

}  // namespace bpusim
