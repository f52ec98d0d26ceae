// Calls with several models, and scheduling defaults.
#include <thread>

#include "null_model.hpp"

using namespace std::chrono_literals;
using hbm::ErrorKind;
using nullmodel::callOf;
using nullmodel::errorOf;
using nullmodel::eventually;
using nullmodel::Input;
using nullmodel::Loaded;

namespace {

std::vector<hbm::Call> callsOf(const Input& input, std::initializer_list<std::size_t> models) {
  std::vector<hbm::Call> calls;
  for (const std::size_t model : models) {
    calls.push_back(callOf(input, model));
  }
  return calls;
}

std::vector<hbUCPSchedParam> submitted(testdriver::Control& control) {
  std::vector<hbUCPSchedParam> all(100);
  all.resize(control.submissions(all.data(), all.size()));
  return all;
}

hbm::SchedOverrides priority(std::int32_t value) {
  hbm::SchedOverrides overrides;
  overrides.priority = value;
  return overrides;
}

}  // namespace

TEST(models_are_known_by_name_and_position) {
  Loaded loaded("models=3");
  CHECK_EQ(loaded->modelCount(), 3U);
  CHECK_EQ(loaded->modelIndex("null2"), 2U);
  CHECK_EQ(loaded->model(1).name, std::string("null1"));
  const hbm::Error error = errorOf([&] { static_cast<void>(loaded->modelIndex("other")); });
  CHECK(error.kind() == ErrorKind::kInput);
  CHECK(std::string(error.what()).find("'null', 'null1', 'null2'") != std::string::npos);
}

TEST(the_models_of_one_call_run_at_the_same_time) {
  Loaded loaded("models=3 hold=1");
  const Input input;
  std::thread finisher([&] {
    CHECK(eventually([&] { return loaded.control.submissions(nullptr, 0) == 3; }));
    loaded.control.finishAll(0);
  });
  const auto results = loaded->run(callsOf(input, {2, 0, 1}));
  finisher.join();
  CHECK_EQ(results.size(), 3U);
}

TEST(a_model_may_stand_twice_in_one_call) {
  Loaded loaded("copy=1");
  const Input one;
  Input two;
  two.values.assign(16, 2.0F);
  const auto results = loaded->run({callOf(one), callOf(two)});
  CHECK_EQ(static_cast<const float*>(results[0][0].data)[0], 1.5F);
  CHECK_EQ(static_cast<const float*>(results[1][0].data)[0], 2.0F);
}

TEST(the_first_error_is_thrown_when_all_have_ended) {
  Loaded loaded("models=3 hold=1");
  const Input input;
  std::thread finisher([&] {
    CHECK(eventually([&] { return loaded.control.submissions(nullptr, 0) == 3; }));
    loaded.control.finish(HB_UCP_TASK_RUN_FAILED);
    loaded.control.finish(HB_UCP_SUCCESS);
    loaded.control.finish(HB_UCP_SUCCESS);
  });
  const hbm::Error error = errorOf([&] { static_cast<void>(loaded->run(callsOf(input, {0, 1, 2}))); });
  finisher.join();
  CHECK(error.kind() == ErrorKind::kDriver);
  CHECK_EQ(loaded.control.liveTasks.load(), 0);
  // The thread that reported an end may hold the request, and so its memory, a moment longer.
  CHECK(eventually([&] {
    return loaded->memoryUsage(0).usedBytes + loaded->memoryUsage(1).usedBytes + loaded->memoryUsage(2).usedBytes == 0;
  }));
}

TEST(one_wrong_tensor_stops_the_whole_call_before_it_starts) {
  Loaded loaded("models=2");
  const Input input;
  auto calls = callsOf(input, {0, 1});
  calls[1].inputs[0].dtype = hbm::DataType::kU8;
  const std::int64_t before = loaded.control.calls[testdriver::k_hbDNNInferV2];
  CHECK(errorOf([&] { static_cast<void>(loaded->run(calls)); }).kind() == ErrorKind::kInput);
  CHECK_EQ(loaded.control.calls[testdriver::k_hbDNNInferV2].load(), before);
}

TEST(a_time_out_lets_go_of_all_models) {
  Loaded loaded("models=2 hold=1");
  const Input input;
  hbm::CallOptions options;
  options.timeout = 10ms;
  CHECK(errorOf([&] { static_cast<void>(loaded->run(callsOf(input, {0, 1}), options)); }).kind() ==
        ErrorKind::kTimeout);
  CHECK(eventually([&] {
    loaded.control.finishAll(0);
    return loaded.control.liveTasks == 0;
  }));
}

TEST(no_calls_give_no_results) {
  Loaded loaded;
  CHECK(loaded->run({}).empty());
}

TEST(a_call_overrides_the_defaults_field_by_field_and_changes_them_for_nobody_else) {
  Loaded loaded("models=2 hold=1");
  hbm::SchedOverrides defaults = priority(10);
  defaults.customId = 77;
  loaded->setSchedParams({{0, defaults}});
  const Input input;
  hbm::Call call = callOf(input);
  call.sched = priority(20);
  call.sched.bpuCores = std::vector<std::int32_t>{2};
  const auto one = loaded->start(call);
  const auto two = loaded->start(callOf(input));
  const auto three = loaded->start(callOf(input, 1));
  const auto seen = submitted(loaded.control);
  CHECK_EQ(seen.size(), 3U);
  CHECK(seen[0].priority == 20 && seen[0].customId == 77 && seen[0].backend == HB_UCP_BPU_CORE_2);
  CHECK(seen[1].priority == 10 && seen[1].customId == 77 && seen[1].backend == HB_UCP_BPU_CORE_ANY);
  CHECK(seen[2].priority == 0 && seen[2].customId == 0);
  CHECK_EQ(loaded->schedParams()[0].priority, 10);
  loaded.control.finishAll(0);
  for (const auto& request : {one, two, three}) {
    CHECK(request->wait(nullmodel::kPatience));
  }
}

TEST(defaults_change_for_all_models_or_for_none) {
  Loaded loaded("models=2");
  const hbm::Error error = errorOf([&] { loaded->setSchedParams({{0, priority(5)}, {1, priority(300)}}); });
  CHECK(error.kind() == ErrorKind::kInput);
  CHECK_EQ(error.context().model, std::string("null1"));
  CHECK_EQ(loaded->schedParams()[0].priority, 0);
  CHECK(errorOf([&] { loaded->setSchedParams({{0, priority(5)}, {9, priority(5)}}); }).kind() == ErrorKind::kInput);
  CHECK_EQ(loaded->schedParams()[0].priority, 0);
  loaded->setSchedParams({{0, priority(5)}, {1, priority(6)}});
  CHECK_EQ(loaded->schedParams()[0].priority, 5);
  CHECK_EQ(loaded->schedParams()[1].priority, 6);
}
