#include <cstdio>
#include <string>

#include "ucp_support.hpp"

TEST(the_version_is_three_numbers) {
  int major = -1;
  int minor = -1;
  int patch = -1;
  int length = 0;
  const std::string version = hbUCPGetVersion();
  CHECK_EQ(std::sscanf(version.c_str(), "%d.%d.%d%n", &major, &minor, &patch, &length), 3);
  CHECK_EQ(static_cast<std::size_t>(length), version.size());
  CHECK(major >= 3 && minor >= 0 && patch >= 0);
}

TEST(bpusim_has_the_version_of_its_headers) {
  ucp::onlyOnBpusim();
  const std::string expected = std::to_string(HB_UCP_VERSION_MAJOR) + "." + std::to_string(HB_UCP_VERSION_MINOR) + "." +
                               std::to_string(HB_UCP_VERSION_PATCH);
  CHECK_EQ(std::string(hbUCPGetVersion()), expected);
  CHECK(hbUCPGetVersion() == hbUCPGetVersion());
}
