// XXH64 with seed 0, the checksum of host model files (the algorithm is public: github.com/Cyan4973/xxHash).
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace bpusim {
namespace xxh64 {

inline constexpr std::uint64_t kPrime1 = 0x9E3779B185EBCA87U;
inline constexpr std::uint64_t kPrime2 = 0xC2B2AE3D27D4EB4FU;
inline constexpr std::uint64_t kPrime3 = 0x165667B19E3779F9U;
inline constexpr std::uint64_t kPrime4 = 0x85EBCA77C2B2AE63U;
inline constexpr std::uint64_t kPrime5 = 0x27D4EB2F165667C5U;

template <class Word>
[[nodiscard]] inline Word load(const char* at) noexcept {
  static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);
  Word word;
  std::memcpy(&word, at, sizeof(word));
  return word;
}

[[nodiscard]] inline std::uint64_t rotated(std::uint64_t value, int bits) noexcept {
  return (value << bits) | (value >> (64 - bits));
}

[[nodiscard]] inline std::uint64_t round(std::uint64_t lane, std::uint64_t word) noexcept {
  return rotated(lane + word * kPrime2, 31) * kPrime1;
}

}  // namespace xxh64

[[nodiscard]] inline std::uint64_t xxh64Of(std::string_view bytes) noexcept {
  using namespace xxh64;
  const char* at = bytes.data();
  std::size_t left = bytes.size();
  std::uint64_t hash = kPrime5;
  if (left >= 32) {
    std::uint64_t lanes[4] = {kPrime1 + kPrime2, kPrime2, 0, 0 - kPrime1};
    for (; left >= 32; at += 32, left -= 32) {
      for (int i = 0; i < 4; ++i) {
        lanes[i] = round(lanes[i], load<std::uint64_t>(at + 8 * i));
      }
    }
    hash = rotated(lanes[0], 1) + rotated(lanes[1], 7) + rotated(lanes[2], 12) + rotated(lanes[3], 18);
    for (const std::uint64_t lane : lanes) {
      hash = (hash ^ round(0, lane)) * kPrime1 + kPrime4;
    }
  }
  hash += bytes.size();
  for (; left >= 8; at += 8, left -= 8) {
    hash = rotated(hash ^ round(0, load<std::uint64_t>(at)), 27) * kPrime1 + kPrime4;
  }
  if (left >= 4) {
    hash = rotated(hash ^ load<std::uint32_t>(at) * kPrime1, 23) * kPrime2 + kPrime3;
    at += 4;
    left -= 4;
  }
  for (; left > 0; ++at, --left) {
    hash = rotated(hash ^ static_cast<std::uint8_t>(*at) * kPrime5, 11) * kPrime1;
  }
  hash = (hash ^ (hash >> 33)) * kPrime2;
  hash = (hash ^ (hash >> 29)) * kPrime3;
  return hash ^ (hash >> 32);
}

}  // namespace bpusim
