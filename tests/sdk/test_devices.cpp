// The machine, on bpusim.
#include <sys/utsname.h>

#include "hbm_runtime/devices.hpp"
#include "hbm_runtime/driver_info.hpp"
#include "support/check.hpp"

TEST(the_cores_are_listed) {
  const std::vector<hbm::Device> cores = hbm::devices();
  CHECK_EQ(cores.size(), static_cast<std::size_t>(hbm::coreCount().value_or(0)));
  for (std::size_t i = 0; i < cores.size(); ++i) {
    CHECK_EQ(cores[i].index, static_cast<std::int32_t>(i));
    CHECK_EQ(cores[i].kind, std::string("bpusim"));
    CHECK_EQ(cores[i].driverPath, hbm::driverInfo().dnnPath);
    CHECK(cores[i].busyNs.has_value() && !cores[i].load.has_value());
  }
}

TEST(the_host_is_described) {
  const hbm::HostInfo host = hbm::hostInfo();
  utsname names{};
  CHECK_EQ(uname(&names), 0);
  CHECK_EQ(host.name, std::string(names.nodename));
  CHECK_EQ(host.architecture, std::string(names.machine));
  CHECK(host.cpus >= 1);
  CHECK(host.memoryBytes > (1 << 20));
  CHECK(host.memory.at("memory total") > 0);
  CHECK(!host.capabilities.empty());
  CHECK_EQ(host.devices.size(), hbm::devices().size());
}
