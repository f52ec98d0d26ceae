// Loops for newer processors in a binary for all of them: a kernel is written once, as an HBM_KERNEL function, and
// compiled twice, as an ordinary function and as an HBM_WIDE one; hasWideVectors() chooses between the two.
#pragma once

#define HBM_KERNEL __attribute__((always_inline)) inline

#if defined(__x86_64__)
#define HBM_WIDE __attribute__((target("avx2")))
#else
#define HBM_WIDE  // NEON is part of every aarch64
#endif

namespace hbm {

[[nodiscard]] inline bool hasWideVectors() noexcept {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx2") != 0;
#else
  return false;
#endif
}

}  // namespace hbm
