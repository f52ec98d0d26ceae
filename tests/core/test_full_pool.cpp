// Drivers whose task pool others fill.
#include <thread>

#include "null_model.hpp"

using namespace std::chrono_literals;
using hbm::ErrorKind;
using nullmodel::callOf;
using nullmodel::errorOf;
using nullmodel::Loaded;

TEST(both_ways_of_saying_that_the_pool_is_full_are_understood_and_waited_for) {
  Loaded loaded;  // refuses six times
  CHECK_EQ(loaded->run({callOf({})}).size(), 1U);
  CHECK_EQ(loaded.control.calls[testdriver::k_hbDNNInferV2].load(), 7);
}

TEST(requests_of_many_threads_all_get_through) {
  Loaded loaded("refusals=0");
  constexpr int kThreads = 8;
  constexpr int kRounds = 50;
  std::atomic<int> done{0};
  for (int round = 0; round < kRounds; ++round) {
    loaded.control.configure("refusals=20");
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&] { done += static_cast<int>(loaded->run({callOf({})}).size()); });
    }
    for (std::thread& thread : threads) {
      thread.join();
    }
  }
  CHECK_EQ(done.load(), kThreads * kRounds);
}

TEST(a_time_out_ends_the_waiting_for_the_pool) {
  Loaded loaded("refusals=0 tasks=0");
  hbm::CallOptions options;
  options.timeout = 30ms;
  CHECK(errorOf([&] { static_cast<void>(loaded->run({callOf({})}, options)); }).kind() == ErrorKind::kTimeout);
}

TEST(a_pool_that_stays_full_is_an_error_in_the_end) {
  Loaded loaded("refusals=0 tasks=0");
  const hbm::Error error = errorOf([&] { static_cast<void>(loaded->run({callOf({})})); });
  CHECK(error.kind() == ErrorKind::kOutOfResources);
  CHECK_EQ(error.context().status, HB_UCP_TASK_NUMBER_EXCEED_LIMIT);
  CHECK_EQ(error.context().function, std::string("hbDNNInferV2"));
  CHECK_EQ(error.context().model, std::string("null"));
  loaded.control.configure("refusals=0");
  CHECK_EQ(loaded->run({callOf({})}).size(), 1U);
}
