// Measuring, on the null driver.
#include <cmath>

#include "core/null_model.hpp"
#include "hbm_runtime/benchmark.hpp"
#include "hbm_runtime/error.hpp"

TEST(durations_are_summarised_as_numpy_does) {
  const hbm::Durations figures = hbm::summarize({4, 1, 3, 2});
  CHECK_EQ(figures.count, 4U);
  CHECK(figures.total == 10 && figures.min == 1 && figures.max == 4 && figures.mean == 2.5 && figures.p50 == 2.5);
  CHECK(std::abs(figures.p90 - 3.7) < 1e-12);
  CHECK_EQ(hbm::summarize({}).count, 0U);
}

TEST(a_benchmark_runs_as_often_as_asked) {
  nullmodel::Loaded loaded;
  const nullmodel::Input input;
  hbm::Call call;
  call.inputs = {input.view()};
  for (const std::size_t inFlight : {std::size_t{1}, std::size_t{4}}) {
    const auto before = loaded->requestCounts(0).done;
    const hbm::Benchmark measured = hbm::benchmark(*loaded, call, {20, std::nullopt, 5, inFlight});
    CHECK_EQ(measured.latency.count, 20U);
    CHECK_EQ(loaded->requestCounts(0).done - before, 25);
    CHECK(measured.seconds > 0 && measured.throughput > 0 && measured.latency.p50 > 0);
  }
  const hbm::Benchmark timed = hbm::benchmark(*loaded, call, {1, std::chrono::milliseconds(20), 0, 1});
  CHECK(timed.latency.count > 1);
  CHECK(timed.seconds >= 0.02);
  for (const hbm::BenchmarkOptions& wrong : {hbm::BenchmarkOptions{0, std::nullopt, 0, 1}, {5, std::nullopt, 0, 0}}) {
    bool refused = false;
    try {
      static_cast<void>(hbm::benchmark(*loaded, call, wrong));
    } catch (const hbm::Error& error) {
      refused = error.kind() == hbm::ErrorKind::kInput;
    }
    CHECK(refused);
  }
}

TEST(a_profile_tells_the_phases_of_its_requests) {
  nullmodel::Loaded loaded;
  const nullmodel::Input input;
  hbm::Call call;
  call.inputs = {input.view()};
  const std::string name = loaded->model(0).name;
  static_cast<void>(loaded->run({call}));
  hbm::Profile profile(*loaded, 2);
  for (int i = 0; i < 3; ++i) {
    static_cast<void>(loaded->run({call}));
  }
  profile.stop();
  static_cast<void>(loaded->run({call}));
  CHECK_EQ(profile.records().size(), 2U);
  CHECK_EQ(profile.lost(), 1U);
  const auto phases = profile.durations(name);
  for (const char* const phase : {"ModelExecute", "CopyIn", "DeviceExecute"}) {
    CHECK_EQ(phases.at(phase).count, 2U);
  }
  CHECK(phases.at("ModelExecute").total >= phases.at("DeviceExecute").total);
  CHECK(profile.durations("another").empty());
}
