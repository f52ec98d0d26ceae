#include <regex>

#include "dnn_support.hpp"

TEST(version_has_the_documented_form) {
  const char* const version = hbDNNGetVersion();
  CHECK(version != nullptr);
  CHECK(std::regex_match(version, std::regex(R"(\d+\.\d+\.\d+_\(.+\))")));
}

TEST(version_of_bpusim_names_bpusim_and_its_own_version) {
  dnn::needExtension();
  CHECK(std::regex_match(hbDNNGetVersion(), std::regex(R"(3\.13\.6_\(bpusim \d+\.\d+\.\d+\))")));
}

TEST(version_stays_where_it_is) { CHECK(hbDNNGetVersion() == hbDNNGetVersion()); }
