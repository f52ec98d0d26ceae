// How many processors this process may use.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace bpusim {

// Those of `cpus` that are processors of their own: of the threads of one core the first counts alone. At most as many
// as the CPU time that the process's control groups grant, at least 1. `root` is where proc and sys are found.
[[nodiscard]] std::int32_t processorsAmong(const std::vector<std::int32_t>& cpus, const std::filesystem::path& root);

// processorsAmong() the calling thread's CPUs.
[[nodiscard]] std::int32_t usableProcessors();

}  // namespace bpusim
