// More requests than the driver takes: they queue, in order.
#include <thread>

#include "null_model.hpp"

using namespace std::chrono_literals;
using hbm::ErrorKind;
using hbm::RequestState;
using nullmodel::callOf;
using nullmodel::errorOf;
using nullmodel::eventually;
using nullmodel::Input;
using nullmodel::kPatience;
using nullmodel::Loaded;

namespace {

constexpr std::size_t kLimit = 32;

using Requests = std::vector<std::shared_ptr<hbm::Request>>;

// Fills all task slots with requests that run.
Requests fill(Loaded& loaded) {
  Requests requests;
  for (std::size_t i = 0; i < kLimit; ++i) {
    requests.push_back(loaded->start(callOf({})));
    CHECK(requests.back()->state() == RequestState::kRunning);
  }
  return requests;
}

std::shared_ptr<hbm::Request> startWith(Loaded& loaded, std::int32_t priority, std::int64_t customId) {
  const Input input;
  hbm::Call call = callOf(input);
  call.sched.priority = priority;
  call.sched.customId = customId;
  return loaded->start(call);
}

void finishAll(Loaded& loaded, const Requests& requests) {
  for (const auto& request : requests) {
    CHECK(eventually([&] {
      loaded.control.finishAll(0);
      return request->wait(0ms);
    }));
  }
}

}  // namespace

TEST(the_33rd_request_waits_for_a_free_task) {
  Loaded loaded("hold=1 tasks=32");
  Requests requests = fill(loaded);
  requests.push_back(loaded->start(callOf({})));
  requests.push_back(loaded->start(callOf({})));
  CHECK(requests[kLimit]->state() == RequestState::kQueued);
  CHECK_EQ(requests[kLimit]->info().queueDepth, 0);
  CHECK_EQ(requests[kLimit + 1]->info().queueDepth, 1);
  CHECK_EQ(loaded.control.liveTasks.load(), 32);
  loaded.control.finish(0);
  CHECK(eventually([&] { return requests[kLimit]->state() == RequestState::kRunning; }));
  CHECK(requests[kLimit + 1]->state() == RequestState::kQueued);
  finishAll(loaded, requests);
  for (const auto& request : requests) {
    CHECK(request->state() == RequestState::kDone);
  }
}

TEST(waiting_requests_are_served_by_priority_then_custom_id_then_arrival) {
  Loaded loaded("hold=1");
  Requests requests = fill(loaded);
  const Requests waiting{startWith(loaded, 0, 5),   startWith(loaded, 0, 1),   startWith(loaded, 255, 9),
                         startWith(loaded, 10, 0),  startWith(loaded, 0, 1),   startWith(loaded, 255, -9),
                         startWith(loaded, 10, -1), startWith(loaded, 254, 0), startWith(loaded, 0, 5)};
  for (const std::size_t next : {5U, 2U, 7U, 6U, 3U, 1U, 4U, 0U, 8U}) {
    loaded.control.finish(0);
    CHECK(eventually([&] { return waiting[next]->state() == RequestState::kRunning; }));
  }
  requests.insert(requests.end(), waiting.begin(), waiting.end());
  finishAll(loaded, requests);
}

TEST(a_waiting_request_can_be_cancelled_and_never_reaches_the_driver) {
  Loaded loaded("hold=1");
  const Requests requests = fill(loaded);
  const std::int64_t before = loaded.control.calls[testdriver::k_hbDNNInferV2];
  const auto cancelled = loaded->start(callOf({}));
  const auto abandoned = loaded->start(callOf({}));
  CHECK(cancelled->cancel());
  CHECK(!cancelled->cancel());
  abandoned->abandon();
  for (const auto& request : {cancelled, abandoned}) {
    CHECK(request->state() == RequestState::kCancelled);
    CHECK(request->wait(0ms));
    CHECK(errorOf([&] { static_cast<void>(request->outputs()); }).kind() == ErrorKind::kCancelled);
  }
  finishAll(loaded, requests);
  CHECK_EQ(loaded.control.calls[testdriver::k_hbDNNInferV2].load(), before);
}

TEST(a_request_whose_deadline_passes_in_the_queue_is_dropped) {
  Loaded loaded("hold=1");
  const Requests requests = fill(loaded);
  hbm::CallOptions options;
  options.deadline = std::chrono::steady_clock::now() + 1ms;
  const auto late = loaded->start(callOf({}), options);
  std::this_thread::sleep_until(*options.deadline + 1ms);
  loaded.control.finish(0);
  CHECK(late->wait(kPatience));
  CHECK(late->error()->kind() == ErrorKind::kDeadline);
  finishAll(loaded, requests);
}

TEST(run_waits_in_the_queue_too_and_leaves_it_when_its_time_is_over) {
  Loaded loaded("hold=1");
  const Requests requests = fill(loaded);
  hbm::CallOptions options;
  options.timeout = 5ms;
  const std::int64_t before = loaded.control.calls[testdriver::k_hbDNNInferV2];
  CHECK(errorOf([&] { static_cast<void>(loaded->run({callOf({})}, options)); }).kind() == ErrorKind::kTimeout);
  loaded.control.finish(0);
  CHECK(requests.front()->wait(kPatience));
  CHECK_EQ(loaded.control.calls[testdriver::k_hbDNNInferV2].load(), before);
  finishAll(loaded, requests);
}

TEST(a_driver_that_takes_fewer_tasks_than_documented_is_waited_for) {
  Loaded loaded("hold=1 tasks=4");
  Requests requests;
  for (int i = 0; i < 20; ++i) {
    requests.push_back(loaded->start(callOf({})));
  }
  CHECK_EQ(loaded.control.liveTasks.load(), 4);
  finishAll(loaded, requests);
  for (const auto& request : requests) {
    CHECK(request->state() == RequestState::kDone);
  }
}
