// Inferences per second of several threads.
#include <atomic>
#include <chrono>
#include <cstdio>
#include <functional>
#include <thread>
#include <vector>

#include "benchmarks/native/engine.hpp"
#include "benchmarks/native/model_on_driver.hpp"
#include "benchmarks/native/samples.hpp"

namespace {

using Clock = std::chrono::steady_clock;

// Each thread calls its own work for that long; the sum of their rates.
double perSecond(const std::vector<std::function<void()>>& works, double seconds) {
  std::atomic<int> ready{0};
  std::atomic<bool> failed{false};
  std::vector<double> rates(works.size());
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < works.size(); ++i) {
    threads.emplace_back([&, i] {
      try {
        works[i]();  // warm
        ++ready;
        while (ready < static_cast<int>(works.size()) && !failed) {
          std::this_thread::yield();
        }
        const Clock::time_point begin = Clock::now();
        const Clock::time_point end =
            begin + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
        std::size_t count = 0;
        while (Clock::now() < end) {
          works[i]();
          ++count;
        }
        rates[i] = static_cast<double>(count) / std::chrono::duration<double>(Clock::now() - begin).count();
      } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        failed = true;
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  if (failed) {
    return bench::kFailed;
  }
  double sum = 0;
  for (const double rate : rates) {
    sum += rate;
  }
  return sum;
}

}  // namespace

// Inferences per second of the engine with so many threads that share one session.
BENCH_API double benchEngineThroughput(const char* library, const char* path, std::size_t threads, double seconds) {
  try {
    static const bench::EngineModel model(bench::Engine::of(library), path);
    std::vector<std::shared_ptr<bench::EngineModel::Tensors>> tensors;
    std::vector<std::function<void()>> works;
    for (std::size_t i = 0; i < threads; ++i) {
      tensors.push_back(model.makeTensors());
      works.emplace_back([&tensors, i] { model.run(*tensors[i]); });
    }
    return perSecond(works, seconds);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return bench::kFailed;
  }
}

// Inferences per second through the C ABI with one task in flight on each of so many cores.
BENCH_API double benchDriverThroughput(const char* path, std::size_t cores, double seconds) {
  try {
    static const hbm::Driver& driver = hbm::Driver::get();
    static std::vector<std::unique_ptr<bench::ModelOnDriver>> models;
    std::vector<std::function<void()>> works;
    for (std::size_t i = 0; i < cores; ++i) {
      if (models.size() <= i) {
        models.push_back(std::make_unique<bench::ModelOnDriver>(driver, path));
      }
    }
    for (std::size_t i = 0; i < cores; ++i) {
      works.emplace_back([i] { models[i]->run(1ULL << i); });
    }
    return perSecond(works, seconds);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return bench::kFailed;
  }
}
