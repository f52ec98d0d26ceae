#include "dnn/engine/processors.hpp"

#include <sched.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <set>
#include <sstream>

namespace bpusim {
namespace {

namespace fs = std::filesystem;

constexpr double kUnlimited = std::numeric_limits<double>::infinity();

[[nodiscard]] std::string firstLine(const fs::path& path) {
  std::string line;
  std::getline(std::ifstream(path) >> std::ws, line);
  return line;
}

// cpu.max has "max 100000" or "150000 100000", both in microseconds.
[[nodiscard]] double limitOfVersion2(const fs::path& group) {
  std::istringstream text(firstLine(group / "cpu.max"));
  double quota = 0;
  double period = 0;
  return text >> quota >> period && quota > 0 && period > 0 ? quota / period : kUnlimited;
}

[[nodiscard]] double limitOfVersion1(const fs::path& group) {
  double quota = 0;
  double period = 0;
  const bool known = std::istringstream(firstLine(group / "cpu.cfs_quota_us")) >> quota &&
                     std::istringstream(firstLine(group / "cpu.cfs_period_us")) >> period;
  return known && quota > 0 && period > 0 ? quota / period : kUnlimited;
}

// The least limit of a group and those above it. In a container the path may be the host's, of which only the root
// is there.
template <class Limit>
[[nodiscard]] double leastLimit(const fs::path& mount, const std::string& group, Limit&& limitOf) {
  double least = limitOf(mount);
  fs::path place = mount;
  for (const fs::path& part : fs::path(group).relative_path()) {
    place /= part;
    least = std::min(least, limitOf(place));
  }
  return least;
}

// Processors that the control groups grant, a part of one included.
[[nodiscard]] double granted(const fs::path& root) {
  double least = kUnlimited;
  std::ifstream groups(root / "proc/self/cgroup");  // lines such as 0::/group and 4:cpu,cpuacct:/group
  for (std::string line; std::getline(groups, line);) {
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) {
      continue;
    }
    const std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",";
    const std::string group = line.substr(second + 1);
    if (controllers == ",,") {
      least = std::min(least, leastLimit(root / "sys/fs/cgroup", group, limitOfVersion2));
    } else if (controllers.find(",cpu,") != std::string::npos) {
      least = std::min(least, leastLimit(root / "sys/fs/cgroup/cpu", group, limitOfVersion1));
    }
  }
  return least;
}

}  // namespace

std::int32_t processorsAmong(const std::vector<std::int32_t>& cpus, const fs::path& root) {
  std::set<std::string> cores;
  for (const std::int32_t cpu : cpus) {
    const std::string name = "cpu" + std::to_string(cpu);
    const std::string siblings =
        firstLine(root / "sys/devices/system/cpu" / name / "topology" / "thread_siblings_list");
    cores.insert(siblings.empty() ? name : siblings);
  }
  const double limit = std::min(std::floor(granted(root)), static_cast<double>(cores.size()));
  return static_cast<std::int32_t>(std::max(limit, 1.0));
}

std::int32_t usableProcessors() {
  cpu_set_t usable;
  CPU_ZERO(&usable);
  std::vector<std::int32_t> cpus;
  if (sched_getaffinity(0, sizeof(usable), &usable) == 0) {
    for (std::int32_t cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
      if (CPU_ISSET(static_cast<std::size_t>(cpu), &usable)) {
        cpus.push_back(cpu);
      }
    }
  }
  return processorsAmong(cpus, "/");
}

}  // namespace bpusim
