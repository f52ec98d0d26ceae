#include "loader/log.hpp"

#include <atomic>
#include <cstdlib>
#include <memory>

namespace hbm {
namespace {

struct Target {
  LogSink sink;
  void* userdata;
  LogLevel level;
};

// Replaced as a whole and never freed: lines are written without a lock, and sinks change rarely.
std::atomic<const Target*> target{nullptr};

void fromDriver(std::int32_t level, const char* text, void* /*userdata*/) {
  const Target* const now = target.load();
  if (now != nullptr && static_cast<LogLevel>(level) >= now->level) {
    now->sink(static_cast<LogLevel>(level), text, now->userdata);
  }
}

}  // namespace

bool logs(LogLevel level) noexcept {
  const Target* const now = target.load(std::memory_order_relaxed);
  return now != nullptr && level >= now->level;
}

void log(LogLevel level, const std::string& text) noexcept {
  const Target* const now = target.load();
  if (now != nullptr && level >= now->level) {
    now->sink(level, text.c_str(), now->userdata);
  }
}

void forwardDriverLog(const Driver& driver) noexcept {
  const auto set = driver.extensionFunction(&bpusimInterface::setLogSink);
  const Target* const now = target.load();
  if (set == nullptr) {
    return;
  }
  // A library does not write to stderr by itself. Who sets the driver's own variable wants its lines there.
  if (now == nullptr && secure_getenv("HB_UCP_LOG_LEVEL") != nullptr) {
    static_cast<void>(set(nullptr, nullptr, 0));
  } else {
    const LogLevel level = now != nullptr ? now->level : LogLevel::kNever;
    static_cast<void>(set(fromDriver, nullptr, static_cast<std::int32_t>(level)));
  }
}

void setLogSink(LogSink sink, void* userdata, LogLevel level) {
  target.store(sink != nullptr ? std::make_unique<Target>(Target{sink, userdata, level}).release() : nullptr);
  if (const Driver* driver = Driver::loadedOrNull(); driver != nullptr && !Driver::forked()) {
    forwardDriverLog(*driver);
  }
}

}  // namespace hbm
