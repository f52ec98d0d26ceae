#include "log.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace bpusim {
namespace {

constexpr const char* kNames[] = {"trace", "debug", "info", "warn", "error", "critical", "never"};
constexpr std::size_t kLongestLine = 4096;

struct Sink {
  LogLevel level = LogLevel::kWarn;
  int file = STDERR_FILENO;

  Sink() noexcept {
    const char* wanted = secure_getenv("HB_UCP_LOG_LEVEL");
    const bool valid = wanted != nullptr && wanted[0] >= '0' && wanted[0] <= '6' && wanted[1] == '\0';
    if (valid) {
      level = static_cast<LogLevel>(wanted[0] - '0');
    }
    const char* path = secure_getenv("HB_UCP_LOG_PATH");
    if (path != nullptr && *path != '\0') {
      const int opened = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
      if (opened >= 0) {
        file = opened;
      } else {
        put(LogLevel::kWarn, "the file that HB_UCP_LOG_PATH names cannot be written; the log goes to stderr");
      }
    }
    if (wanted != nullptr && *wanted != '\0' && !valid) {
      put(LogLevel::kWarn, "HB_UCP_LOG_LEVEL must be a number from 0 (trace) to 6 (never); 3 (warn) holds");
    }
  }

  void put(LogLevel of, std::string_view text) const noexcept {
    char line[kLongestLine];
    const int begun =
        std::snprintf(line, sizeof line, "[bpusim %d] %s: ", static_cast<int>(getpid()), kNames[static_cast<int>(of)]);
    auto length = static_cast<std::size_t>(begun);
    const std::size_t room = std::min(text.size(), sizeof line - length - 1);
    std::memcpy(line + length, text.data(), room);
    length += room;
    line[length++] = '\n';
    // A log that cannot be written is no reason to fail.
    [[maybe_unused]] const ssize_t written = write(file, line, length);
  }
};

const Sink& sink() noexcept {
  static const Sink instance;
  return instance;
}

}  // namespace

bool logs(LogLevel level) noexcept { return level >= sink().level && sink().level != LogLevel::kNever; }

void log(LogLevel level, std::string_view text) noexcept {
  if (logs(level)) {
    sink().put(level, text);
  }
}

}  // namespace bpusim
