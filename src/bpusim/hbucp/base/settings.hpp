// What the environment asks of the driver. Read once, when the library is loaded.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "task_interface.hpp"

namespace bpusim {

inline constexpr std::size_t kDefaultTaskLimit = 32;
inline constexpr std::size_t kLargestTaskLimit = 4096;

struct Settings {
  Platform platform;
  const char* socName;    // as hbUCPGetSocName returns it
  std::size_t taskLimit;  // HB_UCP_MAX_TASK_NUM
  std::vector<int> cpus;  // BPUSIM_CPUS: what the cores' threads run on, in turn; empty: anything
  std::string faults;     // BPUSIM_FAULT
  std::string problem;    // why the driver refuses to work; "" when all is well
};

[[nodiscard]] const Settings& settings();

}  // namespace bpusim
