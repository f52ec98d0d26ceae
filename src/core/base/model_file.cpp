#include "core/base/model_file.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

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
    throw Error(ErrorKind::kIo, "model file '" + file + "': is " + (S_ISDIR(info.st_mode) ? "a directory" : "no file") +
                                    "; give the path of a .hbm or .onnx file");
  }
  if (access(file.c_str(), R_OK) != 0) {
    throw Error(ErrorKind::kIo, "model file '" + file + "': " + std::strerror(errno));
  }
}

}  // namespace hbm
