// Reads a folder. std::filesystem's iterators end the process where memory runs out: libstdc++ makes an entry's path in
// a function that is noexcept.
#pragma once

#include <dirent.h>

#include <cerrno>
#include <cstring>
#include <memory>

namespace hbm {

class Folder {
 public:
  explicit Folder(const char* path) noexcept : stream_(opendir(path)), error_(stream_ == nullptr ? errno : 0) {}

  // The name of the next entry, in no order and without "." and ".."; it is valid until the next call. Null at the end,
  // and where the folder cannot be read.
  [[nodiscard]] const char* next() noexcept {
    while (stream_ != nullptr) {
      errno = 0;
      const dirent* const entry = readdir(stream_.get());  // NOLINT(concurrency-mt-unsafe): the stream is this object's
      if (entry == nullptr) {
        error_ = errno;
        return nullptr;
      }
      if (std::strcmp(entry->d_name, ".") != 0 && std::strcmp(entry->d_name, "..") != 0) {
        return entry->d_name;
      }
    }
    return nullptr;
  }

  // The number of the error that has ended next(); 0 when there was none.
  [[nodiscard]] int error() const noexcept { return error_; }

  // For openat() and the like; only where next() has returned a name. Negative if the system refuses it.
  [[nodiscard]] int descriptor() const noexcept { return dirfd(stream_.get()); }

 private:
  struct Close {
    void operator()(DIR* stream) const noexcept { closedir(stream); }
  };

  std::unique_ptr<DIR, Close> stream_;
  int error_;
};

}  // namespace hbm
