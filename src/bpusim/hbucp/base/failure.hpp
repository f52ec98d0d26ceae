// The text of this thread's last failing call.
#pragma once

#include <cstdint>
#include <string_view>

#include "task_interface.hpp"

namespace bpusim {

// The function that this thread is in, for the log.
void beginCall(const char* function) noexcept;

// Notes the text for lastError() on this thread, logs it, and returns status.
std::int32_t reportFailure(std::int32_t status, std::string_view text, LogLevel level = LogLevel::kError) noexcept;

[[nodiscard]] const char* lastError() noexcept;

// Notes after reportFailure() what that failure is about. Names that are too long to be kept count as not known.
void noteErrorPlace(const char* model, const char* tensor) noexcept;

void lastErrorPlace(const char** model, const char** tensor) noexcept;

}  // namespace bpusim
