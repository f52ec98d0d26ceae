// Durations of single calls, and their statistics.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <vector>

#define BENCH_API extern "C" __attribute__((visibility("default")))

namespace bench {

// The median duration of `work` in nanoseconds, of `rounds` calls.
template <class Work>
double medianNs(std::size_t rounds, const Work& work) {
  using Clock = std::chrono::steady_clock;
  std::vector<double> samples(rounds);
  for (double& sample : samples) {
    const Clock::time_point begin = Clock::now();
    work();
    sample = std::chrono::duration<double, std::nano>(Clock::now() - begin).count();
  }
  const auto middle = samples.begin() + static_cast<std::ptrdiff_t>(rounds / 2);
  std::nth_element(samples.begin(), middle, samples.end());
  return *middle;
}

// What benchmarks give Python when something fails; the reason is on stderr.
inline constexpr double kFailed = -1;

}  // namespace bench
