// On which cores tasks run, and how many at once.
#include <atomic>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "ucp_support.hpp"

using ucp::HeldCore;
using ucp::Inference;
using ucp::Order;
using ucp::Task;

namespace {

constexpr std::uint64_t kCore0 = HB_UCP_BPU_CORE_0;
constexpr std::uint64_t kCore1 = HB_UCP_BPU_CORE_1;
constexpr std::uint64_t kCore2 = HB_UCP_BPU_CORE_2;
constexpr std::uint64_t kCore3 = HB_UCP_BPU_CORE_3;
constexpr std::uint64_t kAny = HB_UCP_BPU_CORE_ANY;
constexpr std::uint64_t kNoSuchCore = 1ULL << 5;

std::int32_t coreCount() {
  std::int32_t cores = 0;
  CHECK_EQ(dnn::needExtension().getCoreCount(&cores), HB_UCP_SUCCESS);
  return cores;
}

std::uint64_t allCores() { return (1ULL << coreCount()) - 1; }

}  // namespace

TEST(the_core_count_is_that_of_the_soc) {
  const char* const soc = std::getenv("BPUSIM_SOC");
  const bool small = soc != nullptr && std::string(soc).find("s100") == 0;
  CHECK_EQ(coreCount(), small ? 1 : 4);
}

TEST(each_core_of_the_soc_runs_what_names_it) {
  Inference inference;
  for (std::int32_t core = 0; core < coreCount(); ++core) {
    const std::int64_t before = ucp::load(core).finishedTasks;
    Task task(inference);
    CHECK_EQ(task.submit(1ULL << core), HB_UCP_SUCCESS);
    CHECK_EQ(task.wait(), HB_UCP_SUCCESS);
    CHECK_EQ(ucp::load(core).finishedTasks, before + 1);
  }
}

TEST(a_mask_needs_one_core_that_exists) {
  ucp::onlyOnBpusim();
  struct Case {
    std::uint64_t backend;
    std::int32_t status;
  };
  Inference inference;
  for (const Case& each : {Case{allCores(), HB_UCP_SUCCESS},
                           {HB_UCP_CORE_ANY, HB_UCP_SUCCESS},
                           {HB_UCP_BPU_CORE_ANY, HB_UCP_SUCCESS},
                           {HB_UCP_BPU_CORE_ANY | kCore0, HB_UCP_SUCCESS},
                           {kCore0 | kNoSuchCore, HB_UCP_SUCCESS},
                           {kCore0 | HB_UCP_DSP_CORE_ANY, HB_UCP_SUCCESS},
                           {kNoSuchCore, HB_UCP_INVALID_ARGUMENT},
                           {1ULL << coreCount(), HB_UCP_INVALID_ARGUMENT},
                           {HB_UCP_DSP_CORE_ANY, HB_UCP_INVALID_ARGUMENT},
                           {HB_UCP_VPU_CORE_0 | HB_UCP_PYRAMID_CORE_ANY, HB_UCP_INVALID_ARGUMENT}}) {
    Task task(inference);
    CHECK_EQ(task.submit(each.backend), each.status);
    if (each.status == HB_UCP_SUCCESS) {
      CHECK_EQ(task.wait(), HB_UCP_SUCCESS);
    } else {
      CHECK(dnn::errorNames("BPU core(s)"));
    }
  }
}

TEST(a_task_takes_the_free_core_with_the_lowest_number_in_its_mask) {
  ucp::onlyOnBpusim();
  dnn::needCores(4);
  Inference inference;
  const HeldCore first(kCore0);
  for (const auto& [backend, core] :
       {std::pair{kAny, 1}, std::pair{kCore0 | kCore3, 3}, std::pair{kCore2 | kCore3, 2}}) {
    const std::int64_t before = ucp::load(core).finishedTasks;
    Task task(inference);
    CHECK_EQ(task.submit(backend), HB_UCP_SUCCESS);
    CHECK_EQ(task.wait(), HB_UCP_SUCCESS);
    CHECK_EQ(ucp::load(core).finishedTasks, before + 1);
  }
}

TEST(a_model_for_two_cores_needs_exactly_two) {
  dnn::needCores(4);
  Inference inference("two_cores.hbm");
  Task task(inference);
  for (const std::uint64_t wrong : {std::uint64_t{HB_UCP_CORE_ANY}, kAny, kAny | kCore0 | kCore1, kCore0,
                                    kCore0 | kCore1 | kCore2, kCore0 | kNoSuchCore}) {
    CHECK_EQ(task.submit(wrong), HB_UCP_INVALID_ARGUMENT);
  }
  CHECK_EQ(task.submit(kCore1 | kCore3), HB_UCP_SUCCESS);
  CHECK_EQ(task.wait(), HB_UCP_SUCCESS);
  CHECK(inference.computed());
}

TEST(a_model_for_two_cores_runs_on_no_soc_with_one) {
  if (coreCount() > 1) {
    SKIP("this SoC has several cores");
  }
  Inference inference("two_cores.hbm");
  Task task(inference);
  for (const std::uint64_t backend : {kCore0, kCore0 | kCore1, kAny}) {
    CHECK_EQ(task.submit(backend), HB_UCP_INVALID_ARGUMENT);
  }
}

TEST(one_core_runs_one_task_at_a_time) {
  ucp::onlyOnBpusim();
  Order order;
  Inference inference;
  std::deque<Task> tasks;
  {
    const HeldCore held(kCore0);
    for (int i = 0; i < 3; ++i) {
      order.watch(tasks.emplace_back(inference), std::to_string(i));
      CHECK_EQ(tasks.back().submit(kCore0), HB_UCP_SUCCESS);
    }
    CHECK_EQ(ucp::load(0).running, 1);
    CHECK_EQ(ucp::load(0).queued, 3);
    CHECK_EQ(hbUCPWaitTaskDone(tasks.front().handle, 1), HB_UCP_TASK_TIMEOUT);
    CHECK_EQ(order.text(), std::string());
  }
  for (const Task& task : tasks) {
    CHECK_EQ(task.wait(), HB_UCP_SUCCESS);
  }
  CHECK_EQ(order.text(), std::string("0 1 2"));
}

TEST(several_cores_run_several_tasks_at_once) {
  ucp::onlyOnBpusim();
  std::deque<HeldCore> held;
  for (std::int32_t core = 0; core < coreCount(); ++core) {
    held.emplace_back(HB_UCP_BPU_CORE_ANY);  // each of them is inside its callback now
  }
  for (std::int32_t core = 0; core < coreCount(); ++core) {
    CHECK_EQ(ucp::load(core).running, 1);
  }
  Inference inference;
  Task waiting(inference);
  CHECK_EQ(waiting.submit(), HB_UCP_SUCCESS);
  CHECK_EQ(hbUCPWaitTaskDone(waiting.handle, 1), HB_UCP_TASK_TIMEOUT);
  held.back().letGo();
  CHECK_EQ(waiting.wait(), HB_UCP_SUCCESS);
}

TEST(a_task_of_two_cores_keeps_both_and_leaves_the_others) {
  ucp::onlyOnBpusim();
  dnn::needCores(4);
  Inference pair("two_cores.hbm");
  Inference single;
  std::optional<HeldCore> held(kCore1);
  Task wide(pair);
  CHECK_EQ(wide.submit(kCore1 | kCore2), HB_UCP_SUCCESS);
  Task free(single);
  CHECK_EQ(free.submit(kCore0), HB_UCP_SUCCESS);
  CHECK_EQ(free.wait(), HB_UCP_SUCCESS);
  CHECK_EQ(hbUCPWaitTaskDone(wide.handle, 1), HB_UCP_TASK_TIMEOUT);
  held.reset();
  CHECK_EQ(wide.wait(), HB_UCP_SUCCESS);
  CHECK(pair.computed());
}
