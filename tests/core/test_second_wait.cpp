// A driver that refuses to wait again for a task after a time-out. Its tasks take longer than a slice of waiting.
#include "null_model.hpp"

using namespace std::chrono_literals;
using hbm::ErrorKind;
using nullmodel::callOf;
using nullmodel::errorOf;
using nullmodel::Loaded;

namespace {

// As the main thread of Python waits: it wants to look up now and then.
hbm::CallOptions lookingUp() {
  hbm::CallOptions options;
  options.interrupted = [] { return false; };
  return options;
}

}  // namespace

// First: later on a thread asks for the task of another test now and then.
TEST(who_waits_without_limit_waits_once) {
  Loaded loaded;
  const std::int64_t before = loaded.control.calls[testdriver::k_hbUCPWaitTaskDone];
  CHECK_EQ(loaded->run({callOf({})}).size(), 1U);
  CHECK_EQ(loaded.control.calls[testdriver::k_hbUCPWaitTaskDone] - before, 1);
}

TEST(the_first_request_finds_out_and_those_after_it_work) {
  Loaded loaded;
  const hbm::Error error = errorOf([&] { static_cast<void>(loaded->run({callOf({})}, lookingUp())); });
  CHECK(error.kind() == ErrorKind::kDriver);
  CHECK_EQ(error.context().function, std::string("hbUCPWaitTaskDone"));
  for (int round = 0; round < 2; ++round) {
    CHECK_EQ(loaded->run({callOf({})}, lookingUp()).size(), 1U);
  }
}

TEST(a_time_out_is_a_time_out_and_the_memory_comes_back) {
  Loaded loaded;
  static_cast<void>(loaded->run({callOf({})}));
  const std::int64_t used = loaded->memoryUsage(0).usedBytes;
  hbm::CallOptions options;
  options.timeout = 10ms;
  CHECK(errorOf([&] { static_cast<void>(loaded->run({callOf({})}, options)); }).kind() == ErrorKind::kTimeout);
  CHECK(nullmodel::eventually([&] { return loaded->memoryUsage(0).usedBytes == used; }));
}
