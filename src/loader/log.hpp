// Writes log lines of the loader and the core.
#pragma once

#include <string>

#include "hbm_runtime/logging.hpp"
#include "loader/driver.hpp"

namespace hbm {

[[nodiscard]] bool logs(LogLevel level) noexcept;
void log(LogLevel level, const std::string& text) noexcept;

// Sends the driver's own lines to the same sink, when it can do that.
void forwardDriverLog(const Driver& driver) noexcept;

}  // namespace hbm
