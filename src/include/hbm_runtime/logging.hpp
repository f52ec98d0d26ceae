// Lines about what this library and bpusim do. Silent until a sink is set.
#pragma once

#include <cstdint>

#include "hbm_runtime/export.hpp"

namespace hbm {

enum class LogLevel : std::int32_t { kTrace, kDebug, kInfo, kWarning, kError, kCritical, kNever };

using LogSink = void (*)(LogLevel level, const char* text, void* userdata);

// Lines of this level and above go to `sink`, from any thread; it must be quick, must not throw and must not call this
// library. nullptr turns logging off. bpusim's lines come too, and go to stderr only where no sink is set and
// HB_UCP_LOG_LEVEL is; the vendor's libraries write to stderr by themselves.
HBM_API void setLogSink(LogSink sink, void* userdata, LogLevel level);

}  // namespace hbm
