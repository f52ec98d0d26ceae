// The bytes of one model file for as long as its models live.
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <ctime>
#include <memory>
#include <string>
#include <string_view>

namespace bpusim {

class FileBytes {
  struct Private {};

 public:
  explicit FileBytes(Private /*only map() and copy() make these*/) {}

  // Maps a file. A file that is cut while it is in use ends the process, as with every mapping. Throws Error.
  [[nodiscard]] static std::shared_ptr<const FileBytes> map(const std::string& path);

  // Copies memory, which the caller may free afterwards.
  [[nodiscard]] static std::shared_ptr<const FileBytes> copy(const void* data, std::size_t size);

  // The same bytes in memory that nobody else writes to; null when the file may have been changed, moved or replaced
  // since it was mapped. Throws Error.
  [[nodiscard]] static std::shared_ptr<const FileBytes> unchanged(const std::shared_ptr<const FileBytes>& bytes);

  ~FileBytes();
  FileBytes(const FileBytes&) = delete;
  FileBytes& operator=(const FileBytes&) = delete;

  [[nodiscard]] std::string_view view() const noexcept { return view_; }

  // Drops the bytes of a mapped file that were read from this process's memory; reading them again maps them again.
  void giveBack() const noexcept;

  // Where the bytes can be read again: the mapped file's path without links while it still leads to that file, else "".
  [[nodiscard]] std::string currentPath() const;

 private:
  [[nodiscard]] bool is(const struct stat& status) const noexcept;
  [[nodiscard]] bool isUnwritten(const struct stat& status) const noexcept;

  std::string copy_;
  std::string_view view_;
  bool mapped_ = false;
  std::string path_;
  dev_t device_ = 0;
  ino_t inode_ = 0;
  std::timespec written_{};
};

}  // namespace bpusim
