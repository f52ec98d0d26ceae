#include "hbucp/base/log.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>

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
    // Control characters of a model's names could do things to a terminal; without memory and a table they become '?'.
    std::transform(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(room), line + length, [](char each) {
      const auto code = static_cast<unsigned char>(each);
      return (code < 0x20 && each != '\n' && each != '\t') || code == 0x7F ? '?' : each;
    });
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

// Where a client wants the lines instead of stderr. Replaced as a whole and never freed: lines are written without a
// lock, also in the child of a fork, and sinks change rarely.
struct ClientSink {
  bpusimLogSink function;
  void* userdata;
  std::int32_t level;
};

std::atomic<const ClientSink*> clientSink{nullptr};

bool ownLogs(LogLevel level) noexcept {
  const bool replaced = clientSink.load() != nullptr && sink().file == STDERR_FILENO;
  return !replaced && level >= sink().level && sink().level != LogLevel::kNever;
}

bool clientLogs(LogLevel level) noexcept {
  const ClientSink* const client = clientSink.load();
  return client != nullptr && static_cast<std::int32_t>(level) >= client->level;
}

}  // namespace

bool logs(LogLevel level) noexcept { return ownLogs(level) || clientLogs(level); }

void log(LogLevel level, std::string_view text) noexcept {
  if (ownLogs(level)) {
    sink().put(level, text);
  }
  if (clientLogs(level)) {
    char line[kLongestLine];
    const std::size_t length = std::min(text.size(), sizeof line - 1);
    std::memcpy(line, text.data(), length);
    line[length] = '\0';
    const ClientSink* const client = clientSink.load();
    client->function(static_cast<std::int32_t>(level), line, client->userdata);
  }
}

void setLogSink(bpusimLogSink function, void* userdata, std::int32_t level) {
  const ClientSink* const client =
      function != nullptr ? std::make_unique<ClientSink>(ClientSink{function, userdata, level}).release() : nullptr;
  clientSink.store(client);
}

}  // namespace bpusim
