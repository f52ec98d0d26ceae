// The life of a request. The driver keeps tasks until the test ends them.
#include <atomic>
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

TEST(a_request_runs_until_the_driver_reports_its_end) {
  Loaded loaded("hold=1 copy=1");
  const Input input;
  const auto request = loaded->start(callOf(input));
  CHECK(request->state() == RequestState::kRunning);
  CHECK(!request->wait(0ms));
  CHECK(!request->wait(20ms));
  CHECK(errorOf([&] { static_cast<void>(request->outputs()); }).kind() == ErrorKind::kState);
  CHECK_EQ(loaded.control.finish(0), 1U);
  CHECK(request->wait(std::nullopt));
  CHECK(request->state() == RequestState::kDone);
  CHECK(!request->error());
  CHECK_EQ(static_cast<const float*>(request->outputs().front().data)[15], 1.5F);
}

TEST(inputs_may_be_overwritten_once_start_has_returned) {
  Loaded loaded("hold=1 copy=1");
  Input input;
  const auto request = loaded->start(callOf(input));
  input.values.assign(16, -1.0F);
  loaded.control.finish(0);
  CHECK(request->wait(kPatience));
  CHECK_EQ(static_cast<const float*>(request->outputs().front().data)[0], 1.5F);
}

TEST(times_tell_what_happened_when) {
  Loaded loaded("hold=1");
  const auto request = loaded->start(callOf({}));
  loaded.control.finish(0);
  CHECK(request->wait(kPatience));
  const hbm::RequestInfo info = request->info();
  CHECK(info.enqueueNs > 0);
  CHECK(info.enqueueNs <= info.copiedNs);
  CHECK(info.copiedNs <= info.submitNs);
  CHECK(info.submitNs <= info.endedNs);
  CHECK(info.endedNs <= info.doneNs);
  CHECK_EQ(info.model, std::string("null"));
  CHECK(!info.late);
}

TEST(a_failed_task_gives_its_error_to_those_who_ask) {
  Loaded loaded("hold=1");
  const auto request = loaded->start(callOf({}));
  loaded.control.finish(HB_UCP_TASK_RUN_FAILED);
  CHECK(request->wait(kPatience));
  CHECK(request->state() == RequestState::kFailed);
  for (const hbm::Error& error : {*request->error(), errorOf([&] { static_cast<void>(request->outputs()); })}) {
    CHECK(error.kind() == ErrorKind::kDriver);
    CHECK_EQ(error.context().function, std::string("hbUCPWaitTaskDone"));
    CHECK_EQ(error.context().status, HB_UCP_TASK_RUN_FAILED);
    CHECK_EQ(error.context().statusName, std::string("HB_UCP_TASK_RUN_FAILED"));
    CHECK_EQ(error.context().model, std::string("null"));
  }
  CHECK_EQ(loaded.control.liveTasks.load(), 0);
}

TEST(several_threads_may_wait_for_one_request) {
  Loaded loaded("hold=1");
  const auto request = loaded->start(callOf({}));
  std::atomic<int> ended{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&, i] { ended += request->wait(i == 0 ? std::nullopt : std::optional(60s)) ? 1 : 0; });
  }
  loaded.control.finish(0);
  for (std::thread& thread : threads) {
    thread.join();
  }
  CHECK_EQ(ended.load(), 3);
}

TEST(done_callbacks_come_once_when_the_request_has_ended) {
  Loaded loaded("hold=1");
  const auto request = loaded->start(callOf({}));
  std::atomic<int> calls{0};
  std::atomic<bool> ended{false};
  request->onDone([&] {
    ended = request->state() == RequestState::kDone;
    ++calls;
  });
  CHECK_EQ(calls.load(), 0);
  loaded.control.finish(0);
  CHECK(eventually([&] { return calls == 1; }));
  CHECK(ended.load());
  request->onDone([&] { ++calls; });
  CHECK_EQ(calls.load(), 2);
}

TEST(a_running_request_cannot_be_cancelled_nor_an_ended_one) {
  Loaded loaded("hold=1");
  const auto request = loaded->start(callOf({}));
  CHECK(!request->cancel());
  CHECK(request->state() == RequestState::kRunning);
  loaded.control.finish(0);
  CHECK(request->wait(kPatience));
  CHECK(!request->cancel());
  CHECK(request->state() == RequestState::kDone);
}

TEST(an_abandoned_request_ends_at_once_and_its_memory_when_the_device_is_done) {
  Loaded loaded("hold=1");
  const auto request = loaded->start(callOf({}));
  std::atomic<int> calls{0};
  request->onDone([&] { ++calls; });
  request->abandon();
  CHECK(request->state() == RequestState::kCancelled);
  CHECK(request->wait(0ms));
  CHECK_EQ(calls.load(), 1);
  CHECK(request->error()->kind() == ErrorKind::kCancelled);
  CHECK_EQ(loaded->memoryUsage(0).freeBytes, 0);
  CHECK_EQ(loaded.control.liveTasks.load(), 1);
  loaded.control.finish(0);
  CHECK(eventually([&] { return loaded.control.liveTasks == 0 && loaded->memoryUsage(0).usedBytes == 0; }));
  CHECK(request->state() == RequestState::kCancelled);
  CHECK_EQ(calls.load(), 1);
}

TEST(dropping_a_running_request_is_safe) {
  Loaded loaded("hold=1");
  loaded->start(callOf({})).reset();
  CHECK_EQ(loaded.control.liveTasks.load(), 1);
  loaded.control.finish(0);
  CHECK(eventually([&] { return loaded.control.liveTasks == 0 && loaded->memoryUsage(0).usedBytes == 0; }));
}

TEST(requests_and_outputs_outlive_their_runtime) {
  std::shared_ptr<hbm::Request> request;
  testdriver::Control* control = nullptr;
  {
    Loaded loaded("hold=1 copy=1");
    control = &loaded.control;
    request = loaded->start(callOf({}));
  }
  control->finish(0);
  CHECK(request->wait(kPatience));
  hbm::DeviceTensor output = request->outputs().front();
  request.reset();
  CHECK_EQ(static_cast<const float*>(output.data)[3], 1.5F);
  output = {};
  CHECK(nullmodel::nothingHeld(*control));
}

TEST(run_gives_up_after_its_time_and_the_next_one_works) {
  Loaded loaded("hold=1");
  const Input input;
  hbm::CallOptions options;
  options.timeout = 10ms;
  const hbm::Error error = errorOf([&] { static_cast<void>(loaded->run({callOf(input)}, options)); });
  CHECK(error.kind() == ErrorKind::kTimeout);
  CHECK_EQ(error.context().model, std::string("null"));
  CHECK_EQ(error.context().status, HB_UCP_TASK_TIMEOUT);
  CHECK_EQ(loaded.control.liveTasks.load(), 1);
  loaded.control.configure("");
  CHECK_EQ(loaded->run({callOf(input)}, options).size(), 1U);
  loaded.control.finish(0);
  CHECK(eventually([&] { return loaded.control.liveTasks == 0 && loaded->memoryUsage(0).usedBytes == 0; }));
}

TEST(run_gives_up_when_it_is_interrupted) {
  Loaded loaded("hold=1");
  hbm::CallOptions options;
  int asked = 0;
  options.interrupted = [&asked] { return ++asked == 2; };
  const hbm::Error error = errorOf([&] { static_cast<void>(loaded->run({callOf({})}, options)); });
  CHECK(error.kind() == ErrorKind::kCancelled);
  CHECK_EQ(asked, 2);
  loaded.control.finish(0);
  CHECK(eventually([&] { return loaded.control.liveTasks == 0; }));
}

TEST(run_waits_without_limit_where_none_is_given) {
  Loaded loaded("hold=1");
  std::thread finisher([&] {
    CHECK(eventually([&] { return loaded.control.submissions(nullptr, 0) == 1; }));
    loaded.control.finish(0);
  });
  CHECK_EQ(loaded->run({callOf({})}).size(), 1U);
  finisher.join();
}

TEST(a_request_whose_deadline_has_passed_is_not_submitted) {
  Loaded loaded;
  hbm::CallOptions options;
  options.deadline = std::chrono::steady_clock::now() - 1ms;
  const std::int64_t before = loaded.control.calls[testdriver::k_hbDNNInferV2];
  const auto request = loaded->start(callOf({}), options);
  CHECK(request->wait(kPatience));
  CHECK(request->error()->kind() == ErrorKind::kDeadline);
  CHECK(request->info().late);
  CHECK_EQ(loaded.control.calls[testdriver::k_hbDNNInferV2].load(), before);
}

TEST(a_request_that_ends_after_its_deadline_is_done_but_late) {
  Loaded loaded("hold=1");
  hbm::CallOptions options;
  options.deadline = std::chrono::steady_clock::now() + 20ms;
  const auto request = loaded->start(callOf({}), options);
  if (request->state() != RequestState::kRunning) {
    SKIP("the machine is too slow to submit in time");
  }
  std::this_thread::sleep_until(*options.deadline + 1ms);
  loaded.control.finish(0);
  CHECK(request->wait(kPatience));
  CHECK(request->state() == RequestState::kDone);
  CHECK(request->info().late);
}

TEST(a_driver_that_refuses_callbacks_gets_a_waiting_thread) {
  Loaded loaded("hold=1 callback=refused");
  const auto request = loaded->start(callOf({}));
  std::atomic<bool> called{false};
  request->onDone([&] { called = true; });
  CHECK(!request->wait(5ms));
  loaded.control.finish(0);
  CHECK(request->wait(kPatience));
  CHECK(eventually([&] { return called.load(); }));
}

namespace {

hbm::Call callWithOutput(const Input& input, Input& output) {
  hbm::Call call = callOf(input);
  call.outputs = {output.view()};
  return call;
}

}  // namespace

TEST(given_memory_is_not_written_any_more_once_the_request_has_ended_for_the_caller) {
  for (const bool expires : {false, true}) {
    Loaded loaded("hold=1 copy=1");
    const Input input;
    Input output;
    output.values.assign(16, 0.0F);
    hbm::CallOptions options;
    if (expires) {
      options.timeout = 10ms;
    }
    const auto request = loaded->start(callWithOutput(input, output), options);
    if (!expires) {
      request->abandon();
    }
    CHECK(request->wait(kPatience));
    loaded.control.finish(0);
    CHECK(eventually([&] { return loaded.control.liveTasks == 0; }));
    CHECK_EQ(output.values[0], 0.0F);
  }
}

TEST(run_that_gave_up_does_not_write_given_memory_later) {
  Loaded loaded("hold=1 copy=1");
  const Input input;
  Input output;
  output.values.assign(16, 0.0F);
  hbm::CallOptions options;
  options.timeout = 10ms;
  static_cast<void>(errorOf([&] { static_cast<void>(loaded->run({callWithOutput(input, output)}, options)); }));
  loaded.control.finish(0);
  CHECK(eventually([&] { return loaded.control.liveTasks == 0; }));
  CHECK_EQ(output.values[0], 0.0F);
}

TEST(abandoning_while_the_result_is_copied_waits_for_the_copy) {
  // The thread that abandons frees the memory; AddressSanitizer sees writes to it afterwards.
  Loaded loaded("copy=1 duration_ms=1 shape=65536");
  const Input input{std::vector<float>(65536, 1.5F)};
  for (int i = 0; i < 50; ++i) {
    auto output = std::make_unique<Input>(Input{std::vector<float>(65536, 0.0F)});
    const auto request = loaded->start(callWithOutput(input, *output));
    std::this_thread::sleep_for(std::chrono::microseconds(900 + 10 * i));
    request->abandon();
    output.reset();
  }
  CHECK(eventually([&] { return loaded.control.liveTasks == 0; }));
}

TEST(several_calls_are_all_checked_before_one_starts) {
  Loaded loaded("models=2 hold=1");
  const Input input;
  hbm::Call wrong = callOf(input, 1);
  wrong.inputs.front().dtype = hbm::DataType::kF64;
  const std::int64_t before = loaded.control.calls[testdriver::k_hbDNNInferV2];
  CHECK(errorOf([&] { static_cast<void>(loaded->start(std::vector<hbm::Call>{callOf(input, 0), wrong})); }).kind() ==
        ErrorKind::kInput);
  CHECK_EQ(loaded.control.calls[testdriver::k_hbDNNInferV2].load(), before);
}

TEST(several_requests_are_cancelled_together_or_not_at_all) {
  Loaded loaded("models=2 hold=1");
  const Input input;
  std::vector<std::shared_ptr<hbm::Request>> running;
  for (int i = 0; i < 31; ++i) {
    running.push_back(loaded->start(callOf(input)));
  }
  const auto half = loaded->start(std::vector<hbm::Call>{callOf(input, 0), callOf(input, 1)});
  const auto queued = loaded->start(std::vector<hbm::Call>{callOf(input, 0), callOf(input, 1)});
  CHECK(half[0]->state() == RequestState::kRunning);
  CHECK(half[1]->state() == RequestState::kQueued);
  CHECK(!hbm::cancelAll(half));
  CHECK(half[1]->state() == RequestState::kQueued);
  CHECK(hbm::cancelAll(queued));
  CHECK(queued[0]->state() == RequestState::kCancelled);
  CHECK(queued[1]->state() == RequestState::kCancelled);
  CHECK(eventually([&] {
    loaded.control.finish(0);
    return half[1]->state() == RequestState::kDone;
  }));
  CHECK(eventually([&] {
    loaded.control.finish(0);
    return loaded.control.liveTasks == 0;
  }));
}
