// Reading the engine's profile, whatever its lines hold.
#include "dnn/engine/operator_profile.hpp"
#include "support/check.hpp"

TEST(operators_are_found_among_other_events) {
  const auto times = bpusim::readProfile(
      "[\n"
      R"({"cat" : "Session","pid" :1,"tid" :2,"dur" :4,"ts" :1,"ph" : "X","name" :"model_run","args" : {}},)"
      "\n"
      R"({"cat" : "Node","pid" :1,"tid" :2,"dur" :90,"ts" :10,"ph" : "X","name" :"a \"b\"_kernel_time","args" : {"x" : 1,"op_name" : "Mul"}},)"
      "\n"
      R"({"cat":"Node","dur":7,"ts":200,"name":"_kernel_time","args":{"op_name":"Add"}})"
      "\n]\n");
  CHECK_EQ(times.size(), 2U);
  CHECK_EQ(times[0].name, std::string(R"(a \"b\")"));
  CHECK_EQ(times[0].type, std::string("Mul"));
  CHECK_EQ(times[0].beginNs, 10000);
  CHECK_EQ(times[0].durationNs, 90000);
  CHECK_EQ(times[0].thread, 2);
  CHECK_EQ(times[1].name, std::string());
  CHECK_EQ(times[1].type, std::string("Add"));
}

TEST(texts_that_are_no_profile_hold_no_operators) {
  for (const char* const text : {"", "\n\n", "[", "{\"cat\" :", "\"cat\" : \"Node", "_kernel_time\"", "\"cat\""}) {
    CHECK(bpusim::readProfile(text).empty());
  }
}

TEST(what_is_missing_is_empty_or_zero) {
  const auto times = bpusim::readProfile(R"({"cat" : "Node", "name" : "n_kernel_time"})");
  CHECK_EQ(times.size(), 1U);
  CHECK_EQ(times[0].name, std::string("n"));
  CHECK_EQ(times[0].type, std::string());
  CHECK_EQ(times[0].durationNs, 0);
}
