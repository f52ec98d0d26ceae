#include "core/base/model_file.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "files/folder.hpp"
#include "hbm_runtime/error.hpp"

namespace hbm {

void requireFile(const std::string& file) {
  struct stat info{};
  if (stat(file.c_str(), &info) != 0) {
    const int error = errno;
    throw Error(error == ENOENT || error == ENOTDIR ? ErrorKind::kFileNotFound : ErrorKind::kIo,
                "model file '" + file + "': " + std::strerror(error));
  }
  if (!S_ISREG(info.st_mode)) {
    throw Error(ErrorKind::kIo, "model file '" + file + "': is " + (S_ISDIR(info.st_mode) ? "a folder" : "no file") +
                                    "; give the path of a .hbm or .onnx file");
  }
  if (access(file.c_str(), R_OK) != 0) {
    throw Error(ErrorKind::kIo, "model file '" + file + "': " + std::strerror(errno));
  }
}

std::vector<std::string> modelFiles(const std::string& path) {
  namespace fs = std::filesystem;
  std::error_code error;
  if (!fs::is_directory(path, error)) {
    return {path};
  }
  std::vector<std::string> names;
  Folder folder(path.c_str());
  while (const char* const name = folder.next()) {
    names.emplace_back(name);
  }
  if (folder.error() != 0) {
    throw Error(ErrorKind::kIo, "the folder '" + path + "' cannot be read: " + std::strerror(folder.error()));
  }
  std::sort(names.begin(), names.end());
  for (const std::string suffix : {".hbm", ".onnx"}) {
    std::vector<std::string> found;
    for (const std::string& name : names) {
      if (name.size() >= suffix.size() && name.compare(name.size() - suffix.size(), suffix.size(), suffix) == 0) {
        found.push_back((fs::path(path) / name).string());
      }
    }
    if (!found.empty()) {
      return found;
    }
  }
  throw Error(ErrorKind::kInput, "the folder '" + path + "' has no .hbm file and no .onnx file");
}

}  // namespace hbm
