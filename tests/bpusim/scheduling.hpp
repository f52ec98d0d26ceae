// What the tests of the scheduler share.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <thread>
#include <utility>

#include "jobs.hpp"

namespace scheduling {

using jobs::Behaviour;
using jobs::extension;
using jobs::Record;

inline constexpr std::uint64_t kCore0 = HB_UCP_BPU_CORE_0;
inline constexpr std::uint64_t kCore1 = HB_UCP_BPU_CORE_1;
inline constexpr std::uint64_t kCore2 = HB_UCP_BPU_CORE_2;
inline constexpr std::uint64_t kCore3 = HB_UCP_BPU_CORE_3;

inline Behaviour wide(std::int32_t cores, std::function<std::int32_t()> run = [] { return HB_UCP_SUCCESS; }) {
  Behaviour behaviour;
  behaviour.run = std::move(run);
  behaviour.cores = cores;
  return behaviour;
}

std::function<std::int32_t()> noting(Record& record, std::string name) {
  return [&record, name = std::move(name)] {
    record.add(name);
    return HB_UCP_SUCCESS;
  };
}

inline bpusimCoreLoad load(std::int32_t core) {
  bpusimCoreLoad now{};
  CHECK_EQ(extension().getCoreLoad(&now, core), HB_UCP_SUCCESS);
  return now;
}

template <class Condition>
bool eventually(Condition condition) {
  const auto deadline = std::chrono::steady_clock::now() + jobs::kPatience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) {
      return false;
    }
    std::this_thread::yield();
  }
  return true;
}

}  // namespace scheduling
