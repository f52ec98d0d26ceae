// The machine: BPU cores and host.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "hbm_runtime/export.hpp"

namespace hbm {

// One BPU core.
struct Device {
  std::int32_t index = 0;  // as in SchedParam::bpuCores
  std::string kind;        // "bpu" on a board, "bpusim" on a CPU
  std::string soc;
  std::string driverVersion;  // of libdnn
  std::string driverPath;
  std::optional<double> load;         // fraction of the time in use, 0 to 1, where the kernel reports it
  std::optional<double> temperature;  // degrees Celsius, where the kernel reports it
  // What the driver counts, on bpusim: the difference of two looks, over the time between, is the load.
  std::optional<std::int64_t> busyNs;
  std::optional<std::int64_t> finishedTasks;
};

struct HostInfo {
  std::string name;          // in the network
  std::string architecture;  // "x86_64", "aarch64"
  std::string os;            // "Linux"
  std::string osRelease;
  std::int32_t cpus = 0;                  // that this process may use
  std::vector<std::string> capabilities;  // of the processor: "avx2", "asimd"
  std::int64_t memoryBytes = 0;           // main memory
  std::map<std::string, std::int64_t>
      memory;  // bytes by pool: "memory available", "CMA total", from which the BPU's is
  std::map<std::string, double> temperatures;  // degrees Celsius by the name of the zone
  std::vector<Device> devices;
};

// Loads the driver. Throws Error (kDriverNotFound).
[[nodiscard]] HBM_API std::vector<Device> devices();
[[nodiscard]] HBM_API HostInfo hostInfo();

}  // namespace hbm
