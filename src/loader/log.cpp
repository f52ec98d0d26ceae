#include "loader/log.hpp"

#include <atomic>
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
  if (set != nullptr) {
    static_cast<void>(set(now != nullptr ? fromDriver : nullptr, nullptr,
                          now != nullptr ? static_cast<std::int32_t>(now->level) : 0));
  }
}

void setLogSink(LogSink sink, void* userdata, LogLevel level) {
  target.store(sink != nullptr ? std::make_unique<Target>(Target{sink, userdata, level}).release() : nullptr);
  if (const Driver* driver = Driver::loadedOrNull(); driver != nullptr && !Driver::forked()) {
    forwardDriverLog(*driver);
  }
}

}  // namespace hbm
