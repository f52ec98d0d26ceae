#include "dnn/files/file_bytes.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "dnn/base/error.hpp"

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

[[noreturn]] void failToOpen(const std::string& path, const char* reason,
                             std::int32_t status = HB_DNN_CAN_NOT_OPEN_FILE) {
  throw Error(status, "cannot open the model file '" + path + "': " + reason);
}

[[noreturn]] void failToOpen(const std::string& path, int error) {
  failToOpen(path, std::strerror(error), error == ENOMEM ? HB_DNN_OUT_OF_MEMORY : HB_DNN_CAN_NOT_OPEN_FILE);
}

}  // namespace

std::shared_ptr<const FileBytes> FileBytes::map(const std::string& path) {
  // Without O_NONBLOCK opening a pipe would wait for its writer.
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat status{};
  if (file.get() < 0 || fstat(file.get(), &status) != 0) {
    failToOpen(path, errno);
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
    failToOpen(path, errno);
  }
  bytes->view_ = {static_cast<const char*>(memory), size};
  bytes->mapped_ = true;
  if (const std::unique_ptr<char, void (*)(void*)> real(realpath(path.c_str(), nullptr), std::free); real != nullptr) {
    bytes->path_ = real.get();
  }
  bytes->device_ = status.st_dev;
  bytes->inode_ = status.st_ino;
  bytes->written_ = status.st_ctim;
  return bytes;
}

std::shared_ptr<const FileBytes> FileBytes::copy(const void* data, std::size_t size) {
  const auto bytes = std::make_shared<FileBytes>(Private());
  bytes->copy_.assign(static_cast<const char*>(data), size);
  bytes->view_ = bytes->copy_;
  return bytes;
}

void FileBytes::giveBack() const noexcept {
  if (mapped_) {
    madvise(const_cast<char*>(view_.data()), view_.size(), MADV_DONTNEED);  // NOLINT: madvise takes no const
  }
}

std::string FileBytes::currentPath() const {
  struct stat status{};
  return !path_.empty() && stat(path_.c_str(), &status) == 0 && is(status) ? path_ : "";
}

bool FileBytes::is(const struct stat& status) const noexcept {
  return status.st_dev == device_ && status.st_ino == inode_ &&
         static_cast<std::size_t>(status.st_size) == view_.size();
}

bool FileBytes::isUnwritten(const struct stat& status) const noexcept {
  return is(status) && status.st_ctim.tv_sec == written_.tv_sec && status.st_ctim.tv_nsec == written_.tv_nsec;
}

std::shared_ptr<const FileBytes> FileBytes::unchanged(const std::shared_ptr<const FileBytes>& bytes) {
  if (!bytes->mapped_) {
    return bytes;
  }
  const Descriptor file(open(bytes->path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat status{};
  if (file.get() < 0 || fstat(file.get(), &status) != 0 || !bytes->isUnwritten(status)) {
    return nullptr;
  }
  const auto steady = std::make_shared<FileBytes>(Private());
  steady->copy_.resize(bytes->view_.size());
  std::size_t done = 0;
  while (done < steady->copy_.size()) {
    const ssize_t got =
        pread(file.get(), steady->copy_.data() + done, steady->copy_.size() - done, static_cast<off_t>(done));
    if (got <= 0) {
      return nullptr;
    }
    done += static_cast<std::size_t>(got);
  }
  steady->view_ = steady->copy_;
  return fstat(file.get(), &status) == 0 && bytes->isUnwritten(status) ? steady : nullptr;
}

FileBytes::~FileBytes() {
  if (mapped_) {
    munmap(const_cast<char*>(view_.data()), view_.size());  // NOLINT: munmap takes no const
  }
}

}  // namespace bpusim
