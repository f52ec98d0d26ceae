// Takes little-endian values off the front of some bytes; throws before it would read past their end.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "dnn/files/host_file.hpp"

namespace bpusim {

class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) noexcept : bytes_(bytes) {}

  [[nodiscard]] std::size_t left() const noexcept { return bytes_.size(); }

  [[nodiscard]] std::string_view take(std::uint64_t size) {
    if (size > bytes_.size()) {
      throw HostFileError("the directory ends early: " + std::to_string(size) + " bytes wanted, " +
                          std::to_string(bytes_.size()) + " left");
    }
    const std::string_view taken = bytes_.substr(0, static_cast<std::size_t>(size));
    bytes_.remove_prefix(taken.size());
    return taken;
  }

  template <class Value>
  [[nodiscard]] Value number() {
    static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);
    Value value;
    std::memcpy(&value, take(sizeof(value)).data(), sizeof(value));
    return value;
  }

  [[nodiscard]] std::string_view bytes() { return take(number<std::uint32_t>()); }

  // The number of elements of a list whose elements take at least `least` bytes each.
  [[nodiscard]] std::uint32_t count(std::size_t least) {
    const auto count = number<std::uint32_t>();
    if (count > left() / least) {
      throw HostFileError("the directory announces " + std::to_string(count) + " elements and has room for " +
                          std::to_string(left() / least));
    }
    return count;
  }

  template <class Value>
  [[nodiscard]] std::vector<Value> numbers() {
    const std::size_t length = count(sizeof(Value));
    std::vector<Value> values(length);
    const std::string_view raw = take(length * sizeof(Value));
    if (length != 0) {
      std::memcpy(values.data(), raw.data(), raw.size());
    }
    return values;
  }

 private:
  std::string_view bytes_;
};

}  // namespace bpusim
