#include "dnn/loading/external_constants.hpp"

#include <algorithm>
#include <filesystem>
#include <map>
#include <system_error>
#include <vector>

#include "dnn/engine/engine.hpp"
#include "dnn/graph/onnx_constant_walk.hpp"
#include "dnn/graph/onnx_edit.hpp"
#include "dnn/graph/onnx_wire.hpp"

namespace bpusim {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void refuse(const OnnxConstant& constant, const std::string& text) {
  throw Error(
      HB_DNN_INCOMPATIBLE_MODEL,
      "the values of '" + std::string(constant.name) + "' lie in '" + std::string(constant.location) + "', " + text, "",
      std::string(constant.name));
}

[[nodiscard]] bool isBelow(const fs::path& folder, const fs::path& file) {
  return std::mismatch(folder.begin(), folder.end(), file.begin(), file.end()).first == folder.end();
}

// Folders that a model may have its constants in, as they are named and as they really are.
class Folders {
 public:
  explicit Folders(const std::string& path) {
    std::error_code failure;
    const fs::path named = fs::absolute(path, failure);
    add(named.parent_path());
    if (const fs::path real = fs::canonical(named, failure); !failure) {
      add(real.parent_path());
    }
  }

  // The real path of the file with a constant. Throws Error.
  [[nodiscard]] fs::path find(const OnnxConstant& constant) const {
    const fs::path location = std::string(constant.location);
    if (constant.location.empty() || location.is_absolute() || constant.location.find('\0') != std::string_view::npos) {
      refuse(constant, "which is no path relative to the model's folder");
    }
    std::error_code failure;
    for (const fs::path& folder : named_) {
      const fs::path real = fs::canonical(folder / location, failure);
      if (failure) {
        continue;
      }
      if (std::none_of(real_.begin(), real_.end(), [&](const fs::path& each) { return isBelow(each, real); })) {
        refuse(constant, "which leads out of the model's folder to '" + real.string() + "'; put it beside the model");
      }
      if (!fs::is_regular_file(real, failure)) {
        refuse(constant, "which is no file");
      }
      return real;
    }
    refuse(constant, "which is not there; it belongs into the folder '" + named_.front().string() + "'");
  }

  // True if the engine finds the file without following links.
  [[nodiscard]] bool isPlain(const OnnxConstant& constant, const fs::path& real) const {
    return real_.front() / std::string(constant.location) == real;
  }

 private:
  void add(const fs::path& folder) {
    std::error_code failure;
    const fs::path real = fs::canonical(folder, failure);
    if (!failure && std::find(real_.begin(), real_.end(), real) == real_.end()) {
      named_.push_back(folder);
      real_.push_back(real);
    }
  }

  std::vector<fs::path> named_;
  std::vector<fs::path> real_;
};

[[nodiscard]] fs::path commonFolder(const fs::path& folder, const fs::path& file) {
  fs::path common;
  const auto end = std::mismatch(folder.begin(), folder.end(), file.begin(), file.end()).first;
  for (auto part = folder.begin(); part != end; ++part) {
    common /= *part;
  }
  return common;
}

using Files = std::map<std::string, fs::path, std::less<>>;

[[nodiscard]] std::string withLocations(std::string_view model, const Files& files, const fs::path& folder) {
  return withReplacedConstants(model, OnnxPart::kModel, [&](std::string_view message) {
    const OnnxConstant constant = requireConstant(message);
    const auto found = files.find(constant.location);
    return constant.external && found != files.end()
               ? withLocation(message, found->second.lexically_relative(folder).string())
               : std::string(message);
  });
}

}  // namespace

PlacedConstants placeConstants(std::string_view model, const std::string& path) {
  const std::size_t slash = path.find_last_of('/');
  const std::string folder = path.empty() ? "" : slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const Folders folders(path);
  Files files;
  bool plain = true;
  forEachConstant(model, OnnxPart::kModel, [&](std::string_view message) {
    const OnnxConstant constant = requireConstant(message);
    if (!constant.external || files.find(constant.location) != files.end()) {
      return;
    }
    if (path.empty()) {
      refuse(constant, "another file; a model in memory has to contain its values, so load it by its path");
    }
    const fs::path real = folders.find(constant);
    plain = plain && folders.isPlain(constant, real);
    files.emplace(constant.location, real);
  });
  if (plain) {
    return {folder, ""};
  }
  fs::path common = files.begin()->second.parent_path();
  for (const auto& [location, file] : files) {
    common = commonFolder(common, file);
  }
  return {common.string() + "/", withLocations(model, files, common)};
}

void checkHostConstants(std::string_view graph) {
  forEachConstant(graph, OnnxPart::kModel, [](std::string_view message) {
    const OnnxConstant constant = requireConstant(message);
    if (constant.external && constant.location != kWeightsLocation) {
      throw Error(HB_DNN_INVALID_MODEL, "the values of '" + std::string(constant.name) + "' lie in '" +
                                            std::string(constant.location) + "', outside of the file");
    }
  });
}

}  // namespace bpusim
