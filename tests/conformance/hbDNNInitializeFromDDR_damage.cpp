// Every way to cut a host model file and every single bit of it flipped: each is refused, quickly and in little memory.
#include <chrono>
#include <ctime>
#include <fstream>
#include <iterator>
#include <string>

#include "dnn_support.hpp"

namespace {

// What the process computes, so that a busy machine does not count.
std::chrono::nanoseconds cpuTime() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr long kMoreMemoryKilobytes = 1024 * 1024;  // the sanitizer keeps freed memory for a while
#else
constexpr long kMoreMemoryKilobytes = 64 * 1024;
#endif

std::string content(const std::string& name) {
  std::ifstream file(dnn::modelPath(name), std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Not ru_maxrss: a new program inherits the one of the process that started it.
long peakKilobytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind("VmHWM:", 0) == 0) {
      return std::stol(line.substr(line.find(':') + 1));
    }
  }
  return -1;
}

struct Sweep {
  int accepted = 0;
  int untyped = 0;
  std::chrono::nanoseconds longest{};

  void load(const std::string& bytes) {
    const void* data[] = {bytes.data()};
    std::int32_t lengths[] = {static_cast<std::int32_t>(bytes.size())};
    hbDNNPackedHandle_t handle = nullptr;
    const std::chrono::nanoseconds begin = cpuTime();
    const std::int32_t status = hbDNNInitializeFromDDR(&handle, data, lengths, 1);
    longest = std::max(longest, cpuTime() - begin);
    accepted += status == HB_DNN_SUCCESS ? 1 : 0;
    untyped += status == HB_DNN_INVALID_MODEL || status == HB_DNN_INCOMPATIBLE_MODEL ? 0 : 1;
  }

  void check() const {
    CHECK_EQ(accepted, 0);
    CHECK_EQ(untyped, 0);
    CHECK(longest < std::chrono::seconds(1));
  }
};

constexpr const char* kFiles[] = {"quantised.hbm", "nv12.hbm", "shared_weights.hbm"};

}  // namespace

TEST(every_cut_is_refused) {
  const long before = peakKilobytes();
  CHECK(before > 0);
  for (const char* const name : kFiles) {
    const std::string good = content(name);
    Sweep sweep;
    for (std::size_t size = 1; size < good.size(); ++size) {
      sweep.load(good.substr(0, size));
    }
    sweep.load(good + '\0');
    sweep.load(good + good);
    sweep.check();
  }
  CHECK(peakKilobytes() - before < kMoreMemoryKilobytes);
}

TEST(every_flipped_bit_is_refused) {
  const long before = peakKilobytes();
  CHECK(before > 0);
  for (const char* const name : kFiles) {
    std::string bytes = content(name);
    Sweep sweep;
    for (char& byte : bytes) {
      const char good = byte;
      for (int bit = 0; bit < 8; ++bit) {
        byte = static_cast<char>(good ^ (1 << bit));
        sweep.load(bytes);
      }
      byte = good;
    }
    sweep.check();
  }
  CHECK(peakKilobytes() - before < kMoreMemoryKilobytes);
}
