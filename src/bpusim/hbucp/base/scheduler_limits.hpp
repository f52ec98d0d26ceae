// How many cores the largest SoC has.
#pragma once

#include <cstdint>

namespace bpusim {

inline constexpr std::int32_t kMaxCores = 4;

}  // namespace bpusim
