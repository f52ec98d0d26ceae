#include <climits>
#include <set>
#include <string>

#include "ucp_support.hpp"

namespace {

constexpr std::int32_t kStatuses[] = {0,       -100001, -100002, -100003, -100004, -200001, -200002, -200003, -200004,
                                      -300001, -300002, -300003, -400001, -400002, -400003, -400004, -400005, -400006,
                                      -400007, -500001, -600001, -600002, -600003, -600004, -700001, -700002, -700003,
                                      -700004, -700005, -700006, -700007, -700008, -700009, -800001, -800002, -800003,
                                      -800004, -800005, -800006, -900001, -900002};

}  // namespace

TEST(every_status_has_a_text_of_its_own) {
  std::set<std::string> texts;
  for (const std::int32_t status : kStatuses) {
    const char* text = hbUCPGetErrorDesc(status);
    CHECK(text != nullptr && *text != '\0');
    CHECK(texts.insert(text).second);
  }
}

TEST(numbers_that_are_no_status_have_a_text_too) {
  for (const std::int32_t status : {1, -1, -100000, -999999, INT_MIN, INT_MAX}) {
    const char* text = hbUCPGetErrorDesc(status);
    CHECK(text != nullptr && *text != '\0');
  }
}
