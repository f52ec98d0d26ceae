// Settings of the computing thread for the time of one run: a core's worker also runs models with other settings, and
// the synchronous form uses a thread of the client.
#pragma once

#include <sched.h>

#include <cstdint>
#include <vector>

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace bpusim {

class AffinityScope {
 public:
  explicit AffinityScope(const std::vector<std::int32_t>& cpus) noexcept {
    if (cpus.empty() || sched_getaffinity(0, sizeof(before_), &before_) != 0) {
      return;
    }
    cpu_set_t wanted;
    CPU_ZERO(&wanted);
    CPU_SET(static_cast<std::size_t>(cpus.front()), &wanted);
    changed_ = sched_setaffinity(0, sizeof(wanted), &wanted) == 0;
  }
  ~AffinityScope() {
    if (changed_) {
      sched_setaffinity(0, sizeof(before_), &before_);
    }
  }
  AffinityScope(const AffinityScope&) = delete;
  AffinityScope& operator=(const AffinityScope&) = delete;

 private:
  cpu_set_t before_{};
  bool changed_ = false;
};

// The processor's usual floating-point settings whatever the thread has, with denormal numbers counting as zero when
// asked for.
class DenormalScope {
 public:
  explicit DenormalScope(bool flush) noexcept : before_(read()) { write(flush ? kUsual | kFlush : kUsual); }
  ~DenormalScope() { write(before_); }
  DenormalScope(const DenormalScope&) = delete;
  DenormalScope& operator=(const DenormalScope&) = delete;

 private:
#if defined(__x86_64__)
  using Register = unsigned int;
  static constexpr Register kUsual = 0x1F80U;  // all exceptions masked, rounding to nearest
  static constexpr Register kFlush = 0x8040U;  // flush to zero, denormals are zero
  [[nodiscard]] static Register read() noexcept { return _mm_getcsr(); }
  static void write(Register value) noexcept { _mm_setcsr(value); }
#elif defined(__aarch64__)
  using Register = std::uint64_t;
  static constexpr Register kUsual = 0;
  static constexpr Register kFlush = 1U << 24U;
  [[nodiscard]] static Register read() noexcept {
    Register value;
    __asm__ volatile("mrs %0, fpcr" : "=r"(value));
    return value;
  }
  static void write(Register value) noexcept { __asm__ volatile("msr fpcr, %0" ::"r"(value)); }
#else
  using Register = int;
  static constexpr Register kUsual = 0;
  static constexpr Register kFlush = 0;
  [[nodiscard]] static Register read() noexcept { return 0; }
  static void write(Register) noexcept {}
#endif

  Register before_;
};

}  // namespace bpusim
