// Lines for people: to stderr, or to the file that HB_UCP_LOG_PATH names. HB_UCP_LOG_LEVEL: 0 trace .. 6 never, 3
// (warn) when unset. One write() per line and no lock, so that it works in the child of a fork, too.
#pragma once

#include <string_view>

#include "task_interface.hpp"

namespace bpusim {

[[nodiscard]] bool logs(LogLevel level) noexcept;
void log(LogLevel level, std::string_view text) noexcept;

// Lines of this level and above go to `function` instead of stderr; nullptr restores the default.
void setLogSink(bpusimLogSink function, void* userdata, std::int32_t level);

}  // namespace bpusim
