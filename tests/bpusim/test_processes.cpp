// What the environment, fork() and exit() do to libhbucp: each case in a process of its own, see probe.cpp.
#include <sched.h>
#include <unistd.h>

#include <cstdlib>
#include <deque>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "hobot/hb_ucp_status.h"
#include "jobs.hpp"
#include "support/check.hpp"
#include "support/process.hpp"

namespace {

// The probe alone: nothing of the caller's environment that changes the driver.
process::Result probe(const std::string& command, const std::vector<std::string>& environment = {}) {
  std::vector<std::string> all = {"BPUSIM_SOC",
                                  "BPUSIM_FAULT",
                                  "BPUSIM_CPUS",
                                  "HB_UCP_MAX_TASK_NUM",
                                  "HB_UCP_LOG_LEVEL",
                                  "HB_UCP_LOG_PATH",
                                  "HB_DNN_USER_DEFINED_L2M_SIZES"};
  all.insert(all.end(), environment.begin(), environment.end());
  return process::run({BPUSIM_PROBE, command}, all);
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

void checkSays(const process::Result& result, const std::string& line) {
  if (!contains("\n" + result.output, "\n" + line + "\n")) {
    throw check::Failure{"no line \"" + line + "\" in\n" + result.output + result.errors};
  }
}

}  // namespace

TEST(the_soc_is_chosen_by_the_environment) {
  struct Case {
    std::vector<std::string> environment;
    const char* name;
    const char* march;
    int cores;
    int alignment;
    bool chosen;
    const char* backends;
  };
  const std::vector<Case> cases = {
      {{}, "D-Robotics RDK S600 MCB V0p2", "nash-p", 4, 64, false, "++++++"},
      {{"BPUSIM_SOC="}, "D-Robotics RDK S600 MCB V0p2", "nash-p", 4, 64, false, "++++++"},
      {{"BPUSIM_SOC=s600"}, "D-Robotics RDK S600 MCB V0p2", "nash-p", 4, 64, true, "++++++"},
      {{"BPUSIM_SOC=S100P"}, "D-Robotics RDK S100P V1P0", "nash-m", 1, 32, true, "+++-+-"},
      {{"BPUSIM_SOC=s100"}, "D-Robotics RDK S100 V0P5", "nash-e", 1, 32, true, "+++-+-"},
  };
  for (const Case& each : cases) {
    const process::Result soc = probe("soc", each.environment);
    CHECK_EQ(soc.status, 0);
    checkSays(soc, std::string("name=") + each.name);
    checkSays(soc, std::string("march=") + each.march);
    checkSays(soc, "version=3.13.6");
    checkSays(soc, "cores=" + std::to_string(each.cores));
    checkSays(soc, "alignment=" + std::to_string(each.alignment));
    checkSays(soc, std::string("chosen=") + (each.chosen ? "1" : "0"));
    checkSays(soc, "extension=" + std::to_string(each.cores) + " " + std::to_string(each.alignment));
    checkSays(probe("backends", each.environment), std::string("backends=") + each.backends);
    CHECK_EQ(soc.errors, std::string());
  }
}

TEST(an_unknown_soc_makes_every_function_fail_with_a_text) {
  const process::Result result = probe("memory", {"BPUSIM_SOC=s900"});
  checkSays(result, "malloc=" + std::to_string(HB_UCP_INIT_FAILED));
  checkSays(result, "free=" + std::to_string(HB_UCP_INIT_FAILED));
  CHECK(contains(result.output, "s900") && contains(result.output, "s100p"));
  CHECK(contains(result.errors, "s900"));
}

TEST(the_number_of_tasks_is_set_by_the_environment) {
  struct Case {
    std::vector<std::string> environment;
    int tasks;
    bool warned;
  };
  const std::vector<Case> cases = {
      {{}, 32, false},
      {{"HB_UCP_MAX_TASK_NUM="}, 32, false},
      {{"HB_UCP_MAX_TASK_NUM=1"}, 1, false},
      {{"HB_UCP_MAX_TASK_NUM=100"}, 100, false},
      {{"HB_UCP_MAX_TASK_NUM=4096"}, 4096, false},
      {{"HB_UCP_MAX_TASK_NUM=0"}, 32, true},
      {{"HB_UCP_MAX_TASK_NUM=-5"}, 32, true},
      {{"HB_UCP_MAX_TASK_NUM=4097"}, 32, true},
      {{"HB_UCP_MAX_TASK_NUM=8 "}, 32, true},
      {{"HB_UCP_MAX_TASK_NUM=many"}, 32, true},
      {{"HB_UCP_MAX_TASK_NUM=99999999999999999999"}, 32, true},
  };
  for (const Case& each : cases) {
    const process::Result result = probe("tasks", each.environment);
    checkSays(result, "tasks=" + std::to_string(each.tasks));
    checkSays(result, "status=" + std::to_string(HB_UCP_TASK_NUMBER_EXCEED_LIMIT));
    CHECK_EQ(contains(result.errors, "HB_UCP_MAX_TASK_NUM"), each.warned);
  }
}

TEST(programs_share_no_tasks) {
  std::deque<jobs::Task> tasks;
  for (int i = 0; i < 32; ++i) {
    tasks.emplace_back([] { return HB_UCP_SUCCESS; });
  }
  checkSays(probe("tasks"), "tasks=32");
}

TEST(the_log_level_decides_what_is_said) {
  struct Case {
    const char* level;
    bool info;
    bool error;
  };
  for (const Case& each : std::vector<Case>{{"HB_UCP_LOG_LEVEL", false, true},
                                            {"HB_UCP_LOG_LEVEL=0", true, true},
                                            {"HB_UCP_LOG_LEVEL=2", true, true},
                                            {"HB_UCP_LOG_LEVEL=4", false, true},
                                            {"HB_UCP_LOG_LEVEL=5", false, false},
                                            {"HB_UCP_LOG_LEVEL=6", false, false}}) {
    const process::Result result = probe("memory", {"BPUSIM_SOC=s900x", each.level});
    CHECK_EQ(contains(result.errors, "error: BPUSIM_SOC"), each.error);
    CHECK_EQ(contains(probe("memory", {each.level}).errors, "info: imitates D-Robotics RDK S600"), each.info);
  }
  for (const char* wrong : {"HB_UCP_LOG_LEVEL=7", "HB_UCP_LOG_LEVEL=-1", "HB_UCP_LOG_LEVEL=3x"}) {
    CHECK(contains(probe("memory", {wrong}).errors, "HB_UCP_LOG_LEVEL must be"));
  }
}

TEST(the_log_goes_to_the_named_file_or_to_stderr_when_that_cannot_be) {
  char folder[] = "/tmp/bpusim-log-XXXXXX";
  CHECK(mkdtemp(folder) != nullptr);
  const std::string path = std::string(folder) + "/ucp.log";
  for (int round = 0; round < 2; ++round) {
    CHECK_EQ(probe("memory", {"BPUSIM_SOC=x", "HB_UCP_LOG_PATH=" + path}).errors, std::string());
  }
  std::stringstream log;
  log << std::ifstream(path).rdbuf();
  unlink(path.c_str());
  rmdir(folder);
  const std::size_t first = log.str().find("error: BPUSIM_SOC");
  CHECK(first != std::string::npos && log.str().find("error: BPUSIM_SOC", first + 1) != std::string::npos);

  const process::Result result = probe("memory", {"BPUSIM_SOC=x", "HB_UCP_LOG_PATH=" + path});
  CHECK(contains(result.errors, "HB_UCP_LOG_PATH") && contains(result.errors, "error: BPUSIM_SOC"));
}

TEST(sizes_of_second_level_memory_are_checked_though_a_cpu_has_none) {
  const auto log = [](const char* sizes) {
    return probe("memory", {std::string("HB_DNN_USER_DEFINED_L2M_SIZES=") + sizes, "HB_UCP_LOG_LEVEL=2"});
  };
  for (const char* right : {"6:6:6:6", "0:0:0:0", "12:0:0:0"}) {
    CHECK(contains(log(right).errors, "no effect on a CPU"));
  }
  for (const char* wrong : {"6", "6:6:6", "6:6:6:6:6", "6:6:6:", "a:b:c:d", "-1:6:6:6", "6;6;6;6", "1.5:6:6:6"}) {
    const process::Result result = log(wrong);
    CHECK(contains(result.errors, "warn: HB_DNN_USER_DEFINED_L2M_SIZES"));
    checkSays(result, "malloc=0");
  }
}

TEST(faults_are_taken_from_the_environment_and_wrong_ones_are_ignored_with_an_error) {
  checkSays(probe("memory", {"BPUSIM_FAULT=hbUCPMallocCached:fail@1=-400001"}), "malloc=-400001");
  const process::Result wrong = probe("memory", {"BPUSIM_FAULT=hbUCPMallocCached:fial"});
  checkSays(wrong, "malloc=0");
  CHECK(contains(wrong.errors, "BPUSIM_FAULT is ignored") && contains(wrong.errors, "fial"));
}

TEST(each_core_has_a_named_thread) { CHECK_EQ(probe("threads").output, std::string("1\n1\n1\n1\n")); }

TEST(the_cores_run_on_the_cpus_of_the_environment_in_turn) {
  cpu_set_t usable;
  CPU_ZERO(&usable);
  CHECK_EQ(sched_getaffinity(0, sizeof usable, &usable), 0);
  std::vector<std::string> cpus;
  std::string all;
  for (std::size_t cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &usable)) {
      cpus.push_back(std::to_string(cpu) + " ");
      all += cpus.back();
    }
  }
  const std::string first = "cpus=" + cpus.front() + "\n";
  const std::string last = "cpus=" + cpus.back() + "\n";
  const auto trimmed = [](const std::string& cpu) { return cpu.substr(0, cpu.size() - 1); };
  const std::string any = "cpus=" + all + "\n";
  CHECK_EQ(probe("cpus").output, any + any + any + any);
  CHECK_EQ(probe("cpus", {"BPUSIM_CPUS=" + trimmed(cpus.front())}).output, first + first + first + first);
  CHECK_EQ(probe("cpus", {"BPUSIM_CPUS=" + trimmed(cpus.back()) + "," + trimmed(cpus.front())}).output,
           last + first + last + first);
  for (const char* wrong : {"-1", "x", "0,", ",0", "100000", "0-1", "0 "}) {
    const process::Result result = probe("cpus", {std::string("BPUSIM_CPUS=") + wrong});
    CHECK_EQ(result.output, any + any + any + any);
    CHECK(contains(result.errors, "BPUSIM_CPUS is"));
  }
}

TEST(a_process_exits_within_a_second_whatever_the_cores_do) {
  struct Case {
    const char* command;
    bool leavesWork;  // a job that does not end when it is stopped
  };
  for (const Case& each : {Case{"exit-while-running", false},
                           {"exit-while-another-thread-waits", false},
                           {"exit-while-stubborn", true},
                           {"exit-in-callback", false},
                           {"exit-while-a-guest-runs", false},
                           {"exit-in-callback-of-guest", false},
                           {"exit-while-hanging", false}}) {
    const process::Result result = probe(each.command);
    // The second is for the driver; the rest is the process's start and the machine's load.
    if (result.status != 0 || result.took > std::chrono::milliseconds(3000) ||
        contains(result.errors, "still computing") != each.leavesWork) {
      throw check::Failure{std::string(each.command) + " ended with " + std::to_string(result.status) + " after " +
                           std::to_string(result.took.count()) + " ms\n" + result.errors};
    }
  }
}

TEST(global_objects_may_use_the_driver_while_the_process_exits) {
  const process::Result result = probe("exit-with-globals");
  CHECK_EQ(result.status, 0);
  checkSays(result, "wait ended=0");
  checkSays(result, "wait queued=" + std::to_string(HB_UCP_TASK_RUN_FAILED));
  checkSays(result, "release=0");
  checkSays(result, "create=0");
  checkSays(result, "submit=" + std::to_string(HB_UCP_API_USE_ERROR));
  checkSays(result, "release late=0");
  checkSays(result, "free=0");
  checkSays(result, "free again=" + std::to_string(HB_UCP_MEM_FREE_FAIL));
  checkSays(result, "live=0");
}

TEST(the_child_of_a_process_that_used_the_driver_gets_a_status_and_the_parent_goes_on) {
  const process::Result result = probe("fork-in-use", process::kNoLeakCheck);
  CHECK_EQ(result.status, 0);
  std::string statuses = "statuses=";
  for (int i = 0; i < 11; ++i) {
    statuses += std::to_string(HB_UCP_API_USE_ERROR) + " ";
  }
  checkSays(result, statuses);
  CHECK(contains(result.output, "forked"));
  checkSays(result, "text=3.13.6 success");
  checkSays(result, "child=7");
  checkSays(result, "wait=0");
  checkSays(result, "free=0");
}

TEST(the_child_of_a_process_that_had_not_used_the_driver_may_use_it) {
  const process::Result result = probe("fork-before-use", process::kNoLeakCheck);
  CHECK_EQ(result.status, 0);
  checkSays(result, "submit=0");
  checkSays(result, "wait=0");
  checkSays(result, "child=7");
  checkSays(result, "parent=0");
}
