#include <cstdlib>
#include <string>

#include "ucp_support.hpp"

TEST(the_name_says_which_board_it_is) {
  const std::string name = hbUCPGetSocName();
  CHECK(name.find("D-Robotics RDK S") == 0);
  CHECK(hbUCPGetSocName() == hbUCPGetSocName());
}

TEST(bpusim_has_the_name_of_the_board_that_it_imitates) {
  ucp::onlyOnBpusim();
  const char* const chosen = std::getenv("BPUSIM_SOC");
  const std::string soc = chosen == nullptr || *chosen == '\0' ? "s600" : chosen;
  const std::pair<const char*, const char*> names[] = {{"s100", "D-Robotics RDK S100 V0P5"},
                                                       {"s100p", "D-Robotics RDK S100P V1P0"},
                                                       {"s600", "D-Robotics RDK S600 MCB V0p2"}};
  for (const auto& [id, name] : names) {
    if (soc == id) {
      CHECK_EQ(std::string(hbUCPGetSocName()), std::string(name));
    }
  }
}
