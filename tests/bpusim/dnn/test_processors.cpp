// How many processors are used: CPU sets, threads of one core, limits of control groups.
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "dnn/engine/processors.hpp"
#include "support/check.hpp"

namespace fs = std::filesystem;

namespace {

// What a machine's proc and sys say, by path.
using Machine = std::map<std::string, std::string>;

std::int32_t processors(const std::vector<std::int32_t>& cpus, const Machine& machine) {
  std::string root = (fs::temp_directory_path() / "bpusim-test-XXXXXX").string();
  CHECK(mkdtemp(root.data()) != nullptr);
  for (const auto& [path, text] : machine) {
    const fs::path file = fs::path(root) / path;
    fs::create_directories(file.parent_path());
    std::ofstream(file) << text << '\n';
  }
  const std::int32_t count = bpusim::processorsAmong(cpus, root);
  fs::remove_all(root);
  return count;
}

std::string siblings(int cpu) {
  return "sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/topology/thread_siblings_list";
}

}  // namespace

TEST(without_limits_every_cpu_counts) {
  CHECK_EQ(processors({0, 1, 2}, {}), 3);
  CHECK_EQ(processors({5}, {}), 1);
  CHECK_EQ(processors({}, {}), 1);
}

TEST(threads_of_one_core_count_once) {
  const Machine machine = {{siblings(0), "0,2"}, {siblings(1), "1,3"}, {siblings(2), "0,2"}, {siblings(3), "1,3"}};
  CHECK_EQ(processors({0, 1, 2, 3}, machine), 2);
  CHECK_EQ(processors({0, 2}, machine), 1);
  CHECK_EQ(processors({0, 1, 4}, machine), 3);
}

TEST(the_least_limit_of_the_control_groups_above_holds) {
  const std::string inner = "sys/fs/cgroup/a/b/cpu.max";
  const std::string outer = "sys/fs/cgroup/a/cpu.max";
  const Machine group = {{"proc/self/cgroup", "0::/a/b"}};
  const auto with = [&](const Machine& limits) {
    Machine machine = group;
    machine.insert(limits.begin(), limits.end());
    return processors({0, 1, 2, 3}, machine);
  };
  CHECK_EQ(with({{inner, "max 100000"}}), 4);
  CHECK_EQ(with({{inner, "200000 100000"}}), 2);
  CHECK_EQ(with({{inner, "350000 100000"}, {outer, "max 100000"}}), 3);
  CHECK_EQ(with({{inner, "max 100000"}, {outer, "100000 50000"}}), 2);
  CHECK_EQ(with({{inner, "50000 100000"}}), 1);
  CHECK_EQ(with({{inner, "900000 100000"}}), 4);
  CHECK_EQ(with({{"sys/fs/cgroup/cpu.max", "100000 100000"}}), 1);  // the host's path, seen from a container
  CHECK_EQ(with({{inner, "nonsense"}}), 4);
}

TEST(limits_of_the_first_version_of_control_groups_hold) {
  const Machine groups = {{"proc/self/cgroup", "9:name=systemd:/\n4:cpu,cpuacct:/box\n0::/"},
                          {"sys/fs/cgroup/cpu/box/cpu.cfs_period_us", "100000"}};
  const auto with = [&](const std::string& quota) {
    Machine machine = groups;
    machine["sys/fs/cgroup/cpu/box/cpu.cfs_quota_us"] = quota;
    return processors({0, 1, 2, 3}, machine);
  };
  CHECK_EQ(with("-1"), 4);
  CHECK_EQ(with("300000"), 3);
}
