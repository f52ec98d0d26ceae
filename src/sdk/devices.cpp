#include "hbm_runtime/devices.hpp"

#include <sched.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string_view>
#include <system_error>

#include "files/folder.hpp"
#include "hbm_runtime/driver_info.hpp"
#include "loader/driver.hpp"

namespace hbm {
namespace {

namespace fs = std::filesystem;

// The first line of a file of the kernel; "" where it cannot be read.
std::string lineOf(const fs::path& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

std::optional<double> numberOf(const std::string& text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end != text.data() ? std::optional(value) : std::nullopt;
}

// Entries of a folder whose names begin with `prefix`, in order.
std::vector<fs::path> entries(const fs::path& folder, const std::string& prefix) {
  std::vector<fs::path> found;
  Folder all(folder.c_str());
  while (const char* const name = all.next()) {
    if (std::string_view(name).rfind(prefix, 0) == 0) {
      found.push_back(folder / name);
    }
  }
  std::sort(found.begin(), found.end());
  return found;
}

std::map<std::string, double> temperatures() {
  std::map<std::string, double> found;
  for (const fs::path& zone : entries("/sys/class/thermal", "thermal_zone")) {
    const std::string name = lineOf(zone / "type");
    if (const auto thousandths = numberOf(lineOf(zone / "temp")); thousandths && !name.empty()) {
      found[name] = *thousandths / 1000;
    }
  }
  return found;
}

std::map<std::string, std::int64_t> memoryPools() {
  const std::map<std::string, std::string> titles = {{"CmaTotal:", "CMA total"},
                                                     {"CmaFree:", "CMA free"},
                                                     {"MemTotal:", "memory total"},
                                                     {"MemAvailable:", "memory available"}};
  std::map<std::string, std::int64_t> pools;
  std::ifstream file("/proc/meminfo");
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string key;
    std::int64_t kibibytes = 0;
    if (words >> key >> kibibytes; words && titles.count(key) != 0) {
      pools[titles.at(key)] = kibibytes * 1024;
    }
  }
  return pools;
}

std::vector<std::string> capabilities() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const std::size_t colon = line.find(':');
    const std::string key = line.substr(0, line.find_first_of("\t :"));
    if (colon != std::string::npos && (key == "flags" || key == "Features")) {
      std::istringstream words(line.substr(colon + 1));
      std::vector<std::string> found;
      for (std::string word; words >> word;) {
        found.push_back(word);
      }
      return found;
    }
  }
  return {};
}

// The cores of bpusim with their counts; nothing on other drivers.
std::vector<Device> countedCores(const Device& common) {
  const Driver& driver = Driver::described();
  const auto getCount = driver.extensionFunction(&bpusimInterface::getCoreCount);
  const auto getLoad = driver.extensionFunction(&bpusimInterface::getCoreLoad);
  std::int32_t count = 0;
  std::vector<Device> cores;
  if (getCount == nullptr || getLoad == nullptr || getCount(&count) != 0) {
    return cores;
  }
  for (std::int32_t core = 0; core < count; ++core) {
    bpusimCoreLoad load{};
    Device& device = cores.emplace_back(common);
    device.index = core;
    device.kind = "bpusim";
    if (getLoad(&load, core) == 0) {
      device.busyNs = load.busyNs;
      device.finishedTasks = load.finishedTasks;
    }
  }
  return cores;
}

}  // namespace

std::vector<Device> devices() {
  const DriverInfo info = driverInfo();
  Device common;
  common.kind = "bpu";
  common.soc = info.soc;
  common.driverVersion = info.dnnVersion;
  common.driverPath = info.dnnPath;
  std::vector<Device> cores = countedCores(common);
  if (!cores.empty()) {
    return cores;
  }
  for (const auto& [zone, degrees] : temperatures()) {
    if (zone.find("bpu") != std::string::npos || zone.find("BPU") != std::string::npos) {
      common.temperature = degrees;
    }
  }
  for (const fs::path& folder : entries("/sys/devices/system/bpu", "bpu")) {
    Device& device = cores.emplace_back(common);
    device.index = static_cast<std::int32_t>(cores.size()) - 1;
    if (const auto percent = numberOf(lineOf(folder / "ratio"))) {
      device.load = std::clamp(*percent / 100, 0.0, 1.0);
    }
  }
  if (cores.empty()) {
    cores.push_back(common);  // a driver without files of the kernel, such as the vendor's simulation
  }
  return cores;
}

HostInfo hostInfo() {
  HostInfo host;
  if (utsname names{}; uname(&names) == 0) {
    host.name = names.nodename;
    host.architecture = names.machine;
    host.os = names.sysname;
    host.osRelease = names.release;
  }
  cpu_set_t usable;
  CPU_ZERO(&usable);
  if (sched_getaffinity(0, sizeof usable, &usable) == 0) {
    host.cpus = CPU_COUNT(&usable);
  }
  host.capabilities = capabilities();
  host.memoryBytes = static_cast<std::int64_t>(sysconf(_SC_PAGESIZE)) * sysconf(_SC_PHYS_PAGES);
  host.memory = memoryPools();
  host.temperatures = temperatures();
  host.devices = devices();
  return host;
}

}  // namespace hbm
