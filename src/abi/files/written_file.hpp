// The one writer of files in C++, as hbm_runtime/_files.py is in Python: whole or not at all.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <initializer_list>
#include <string>
#include <string_view>
#include <system_error>

namespace hbm {

enum class Durability : bool {
  kUntilPowerCut,  // for files that can be made again
  kOnDisk
};

namespace files {

// 0 or the error number. Closes the file.
[[nodiscard]] inline int fill(int file, std::initializer_list<std::string_view> parts, Durability durability) noexcept {
  int error = 0;
  for (std::string_view part : parts) {
    while (error == 0 && !part.empty()) {
      const ssize_t written = write(file, part.data(), part.size());
      error = written < 0 && errno != EINTR ? errno : 0;
      part.remove_prefix(written > 0 ? static_cast<std::size_t>(written) : 0);
    }
  }
  if (error == 0 && durability == Durability::kOnDisk && fsync(file) != 0 && errno != EINVAL) {
    error = errno;
  }
  return close(file) != 0 && error == 0 ? errno : error;
}

// Where links lead, also those to files that are not there yet.
[[nodiscard]] inline std::filesystem::path behindLinks(std::filesystem::path path) {
  constexpr int kMaxLinks = 40;
  std::error_code error;
  for (int i = 0; i < kMaxLinks && std::filesystem::is_symlink(path, error); ++i) {
    const std::filesystem::path target = std::filesystem::read_symlink(path, error);
    path = target.is_absolute() ? target : path.parent_path() / target;
  }
  return path;
}

}  // namespace files

// Writes the parts one after the other. A regular file is replaced in one step, or stays as it was; its links are
// followed. A FIFO or a device stays what it is and gets the content. Returns 0 or the error number.
[[nodiscard]] inline int writeFile(const std::string& path, std::initializer_list<std::string_view> parts,
                                   Durability durability = Durability::kOnDisk) {
  constexpr mode_t kReadAndWrite = 0666;  // less what the umask forbids
  constexpr mode_t kPermissions = 0777;
  struct stat status{};
  const bool exists = stat(path.c_str(), &status) == 0;
  if (exists && S_ISDIR(status.st_mode)) {
    return EISDIR;
  }
  const std::filesystem::path target = files::behindLinks(path);
  // /dev/stdout and its like may name a file that has no path any more.
  if (exists && (!S_ISREG(status.st_mode) || access(target.c_str(), F_OK) != 0)) {
    const int file = open(path.c_str(), O_WRONLY | O_CLOEXEC);
    return file < 0 ? errno : files::fill(file, parts, Durability::kUntilPowerCut);
  }
  static std::atomic<unsigned> counter{0};
  const std::string name = ".hbm_runtime-" + std::to_string(getpid()) + "-" + std::to_string(counter++) + ".part";
  const std::string temporary = target.parent_path() / name;
  const int file = open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kReadAndWrite);
  if (file < 0) {
    return errno;
  }
  int error = exists && fchmod(file, status.st_mode & kPermissions) != 0 ? errno : 0;
  const int filled = files::fill(file, parts, durability);
  error = error != 0 ? error : filled;
  if (error == 0 && rename(temporary.c_str(), target.c_str()) != 0) {
    error = errno;
  }
  if (error != 0) {
    unlink(temporary.c_str());
  }
  return error;
}

}  // namespace hbm
