// libhbucp behind this library: its tasks, its memory and its log.
#pragma once

#include "task_interface.hpp"

namespace bpusim {

// The interface of the libhbucp that was loaded with this library; null when the two do not belong together.
[[nodiscard]] const TaskInterface* tasks() noexcept;

void log(LogLevel level, const char* text) noexcept;

}  // namespace bpusim
