#include <cstdio>

#include "dnn_support.hpp"

namespace {

// True if a text is three numbers with dots between them.
bool isVersion(const std::string& text) {
  int numbers[3] = {-1, -1, -1};
  char rest = 0;
  return std::sscanf(text.c_str(), "%d.%d.%d%c", &numbers[0], &numbers[1], &numbers[2], &rest) == 3;
}

}  // namespace

TEST(version_has_the_documented_form) {
  const std::string version = hbDNNGetVersion();
  const std::size_t bracket = version.find("_(");
  CHECK(bracket != std::string::npos);
  CHECK(isVersion(version.substr(0, bracket)));
  CHECK(version.size() > bracket + 3);
  CHECK_EQ(version.back(), ')');
}

TEST(version_of_bpusim_names_bpusim_and_its_own_version) {
  dnn::needExtension();
  const std::string version = hbDNNGetVersion();
  const std::string start = "3.13.6_(bpusim ";
  CHECK_EQ(version.substr(0, start.size()), start);
  CHECK(isVersion(version.substr(start.size(), version.size() - start.size() - 1)));
}

TEST(version_stays_where_it_is) { CHECK(hbDNNGetVersion() == hbDNNGetVersion()); }
