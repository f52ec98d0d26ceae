#include "file_bytes.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "error.hpp"

namespace bpusim {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int number) noexcept : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) {
      close(number_);
    }
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  [[nodiscard]] int get() const noexcept { return number_; }

 private:
  int number_;
};

[[noreturn]] void failToOpen(const std::string& path, const char* reason) {
  throw Error(HB_DNN_CAN_NOT_OPEN_FILE, "cannot open the model file '" + path + "': " + reason);
}

}  // namespace

std::shared_ptr<const FileBytes> FileBytes::map(const std::string& path) {
  // Without O_NONBLOCK opening a pipe would wait for its writer.
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat status{};
  if (file.get() < 0 || fstat(file.get(), &status) != 0) {
    failToOpen(path, std::strerror(errno));
  }
  if (!S_ISREG(status.st_mode)) {
    failToOpen(path, S_ISDIR(status.st_mode) ? "it is a directory" : "it is not a regular file");
  }
  const auto bytes = std::make_shared<FileBytes>(Private());
  if (status.st_size == 0) {
    return bytes;
  }
  const auto size = static_cast<std::size_t>(status.st_size);
  void* const memory = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.get(), 0);
  if (memory == MAP_FAILED) {
    failToOpen(path, std::strerror(errno));
  }
  bytes->view_ = {static_cast<const char*>(memory), size};
  bytes->mapped_ = true;
  if (const std::unique_ptr<char, void (*)(void*)> real(realpath(path.c_str(), nullptr), std::free); real != nullptr) {
    bytes->path_ = real.get();
  }
  bytes->device_ = status.st_dev;
  bytes->inode_ = status.st_ino;
  return bytes;
}

std::shared_ptr<const FileBytes> FileBytes::copy(const void* data, std::size_t size) {
  const auto bytes = std::make_shared<FileBytes>(Private());
  bytes->copy_.assign(static_cast<const char*>(data), size);
  bytes->view_ = bytes->copy_;
  return bytes;
}

std::string FileBytes::currentPath() const {
  struct stat status{};
  const bool same = !path_.empty() && stat(path_.c_str(), &status) == 0 && status.st_dev == device_ &&
                    status.st_ino == inode_ && static_cast<std::size_t>(status.st_size) == view_.size();
  return same ? path_ : "";
}

FileBytes::~FileBytes() {
  if (mapped_) {
    munmap(const_cast<char*>(view_.data()), view_.size());  // NOLINT: munmap takes no const
  }
}

}  // namespace bpusim
