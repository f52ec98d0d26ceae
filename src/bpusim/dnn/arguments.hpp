// Checks that many exported functions begin with. They throw Error with INVALID_ARGUMENT.
#pragma once

#include <cstdint>
#include <string>

#include "dnn/base/error.hpp"

namespace bpusim {

inline void require(const void* pointer, const char* what) {
  if (pointer == nullptr) {
    throw Error(HB_DNN_INVALID_ARGUMENT, std::string(what) + " is NULL");
  }
}

inline void requirePositive(std::int32_t number, const char* what) {
  if (number < 1) {
    throw Error(HB_DNN_INVALID_ARGUMENT,
                std::string(what) + " is " + std::to_string(number) + ", it has to be positive");
  }
}

// values[index]
template <class Values>
[[nodiscard]] const typename Values::value_type& at(const Values& values, std::int32_t index, const char* what) {
  if (index < 0 || static_cast<std::size_t>(index) >= values.size()) {
    throw Error(HB_DNN_INVALID_ARGUMENT, std::string("there is no ") + what + " " + std::to_string(index) +
                                             ": the number of them is " + std::to_string(values.size()));
  }
  return values[static_cast<std::size_t>(index)];
}

}  // namespace bpusim
