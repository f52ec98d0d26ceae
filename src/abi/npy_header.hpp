// The head of a .npy file, for the runtime's saveNpy() and for what bpusim writes of a run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace hbm {

// Format 1.0: a Python dict as text, filled up to a multiple of 64 bytes. `type` is "<f4" or the like; the elements,
// dense and in C order, follow it.
[[nodiscard]] inline std::string npyHeader(std::string_view type, const std::int64_t* shape, std::int32_t rank) {
  constexpr std::size_t kFront = 10;
  constexpr std::size_t kAlignment = 64;
  std::string text = "{'descr': '" + std::string(type) + "', 'fortran_order': False, 'shape': (";
  for (std::int32_t i = 0; i < rank; ++i) {
    text += (i == 0 ? "" : ", ") + std::to_string(shape[i]);
  }
  text += rank == 1 ? ",), }" : "), }";
  text.resize((kFront + text.size() + kAlignment) / kAlignment * kAlignment - kFront, ' ');
  text.back() = '\n';
  const auto size = static_cast<std::uint16_t>(text.size());
  std::string front("\x93NUMPY\x01\x00", kFront - 2);
  front += static_cast<char>(size & 0xFFU);
  front += static_cast<char>(size >> 8U);
  return front + text;
}

}  // namespace hbm
