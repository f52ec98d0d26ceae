#include "dnn/engine/operator_profile.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "dnn/base/error.hpp"
#include "files/folder.hpp"

namespace bpusim {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kNameEnd = "_kernel_time\"";
constexpr std::int64_t kNanosecondsPerMicrosecond = 1000;

[[noreturn]] void throwProfileError(const std::string& text) {
  throw Error(HB_UCP_UNKNOWN_ERROR, "the profile of a model: " + text);
}

// What follows `"key" :` in a line, without the spaces; "" when the key is not there.
[[nodiscard]] std::string_view valueAt(std::string_view line, std::string_view key) {
  const std::string quoted = '"' + std::string(key) + '"';
  const std::size_t found = line.find(quoted);
  if (found == std::string_view::npos) {
    return {};
  }
  line.remove_prefix(found + quoted.size());
  const std::size_t start = line.find_first_not_of(" :");
  return start == std::string_view::npos ? std::string_view() : line.substr(start);
}

// The text between the quotes at the front of `value`, up to `end`.
[[nodiscard]] std::string_view textOf(std::string_view value, std::string_view end) {
  if (value.empty() || value.front() != '"') {
    return {};
  }
  value.remove_prefix(1);
  return value.substr(0, std::min(value.find(end), value.size()));
}

[[nodiscard]] std::int64_t numberOf(std::string_view value) {
  std::int64_t number = 0;
  std::from_chars(value.data(), value.data() + value.size(), number);
  return number;
}

}  // namespace

std::vector<OperatorTime> readProfile(std::string_view text) {
  std::vector<OperatorTime> times;
  // One event in a line; names may hold quotes that nobody escaped, so their end is looked for.
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (textOf(valueAt(line, "cat"), "\"") != "Node" || line.find(kNameEnd) == std::string_view::npos) {
      continue;
    }
    times.push_back({std::string(textOf(valueAt(line, "name"), kNameEnd)),
                     std::string(textOf(valueAt(line, "op_name"), "\"")),
                     numberOf(valueAt(line, "ts")) * kNanosecondsPerMicrosecond,
                     numberOf(valueAt(line, "dur")) * kNanosecondsPerMicrosecond, numberOf(valueAt(line, "tid"))});
  }
  return times;
}

ProfileFile::ProfileFile() {
  std::error_code error;
  const fs::path base = fs::temp_directory_path(error);
  folder_ = (error ? fs::path("/tmp") : base) / "bpusim-profile-XXXXXX";
  if (mkdtemp(folder_.data()) == nullptr) {
    const std::string reason = std::strerror(errno);
    folder_.clear();
    throwProfileError("cannot make a folder in the place for temporary files: " + reason);
  }
}

ProfileFile::~ProfileFile() {
  remove();
  if (file_ >= 0) {
    close(file_);
  }
}

std::string ProfileFile::prefix() const { return folder_ + "/profile"; }

void ProfileFile::hide() {
  hbm::Folder folder(folder_.c_str());
  while (const char* const name = folder.next()) {
    if (const int at = folder.descriptor(); at >= 0) {
      file_ = openat(at, name, O_RDONLY | O_CLOEXEC);
    }
  }
  if (file_ < 0) {
    throwProfileError("the engine did not open its file");
  }
  remove();
}

void ProfileFile::remove() noexcept {
  if (folder_.empty()) {
    return;
  }
  hbm::Folder folder(folder_.c_str());
  while (const char* const name = folder.next()) {
    if (const int at = folder.descriptor(); at >= 0) {
      unlinkat(at, name, 0);
    }
  }
  rmdir(folder_.c_str());
  folder_.clear();
}

std::string ProfileFile::read() const {
  struct stat status{};
  if (fstat(file_, &status) != 0) {
    throwProfileError(std::strerror(errno));
  }
  std::string text(static_cast<std::size_t>(status.st_size), '\0');
  std::size_t filled = 0;
  while (filled < text.size()) {
    const ssize_t got = pread(file_, text.data() + filled, text.size() - filled, static_cast<off_t>(filled));
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got <= 0) {
      throwProfileError("it cannot be read");
    }
    filled += static_cast<std::size_t>(got);
  }
  return text;
}

}  // namespace bpusim
