#include <string>

#include "ucp_support.hpp"

TEST(the_name_says_which_board_it_is) {
  const std::string name = hbUCPGetSocName();
  CHECK(name.find("D-Robotics RDK S") == 0);
  CHECK(hbUCPGetSocName() == hbUCPGetSocName());
}
