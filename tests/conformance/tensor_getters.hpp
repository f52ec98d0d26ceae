// What the functions about one input or output answer to wrong arguments: the same for all of them.
#pragma once

#include <limits>

#include "dnn_support.hpp"

namespace dnn {

// call(handle, index) has to be refused for indices and handles that do not exist. deadModels() releases one of its
// handles on return.
template <class Call>
void refusesWrongModelAndIndex(const std::string& file, Call&& call) {
  const Packed packed({file});
  const hbDNNHandle_t model = packed.model();
  CHECK_EQ(call(model, 0), HB_DNN_SUCCESS);
  for (const std::int32_t index :
       {-1, 1000, std::numeric_limits<std::int32_t>::max(), std::numeric_limits<std::int32_t>::min()}) {
    CHECK_EQ(call(model, index), HB_DNN_INVALID_ARGUMENT);
    CHECK(errorNames(std::to_string(index)));
  }
  for (const hbDNNHandle_t dead : deadModels()) {
    CHECK_EQ(call(dead, 0), HB_DNN_INVALID_DNN_HANDLE);
  }
}

struct Description {
  const char* text = nullptr;
  std::uint32_t size = 77;
  std::int32_t type = 77;

  [[nodiscard]] std::string bytes() const { return {text, size}; }
};

// call(text, size, type) has to be refused when one of them is NULL.
template <class Call>
void refusesNullResults(Call&& call) {
  Description got;
  CHECK_EQ(call(nullptr, &got.size, &got.type), HB_DNN_INVALID_ARGUMENT);
  CHECK_EQ(call(&got.text, nullptr, &got.type), HB_DNN_INVALID_ARGUMENT);
  CHECK_EQ(call(&got.text, &got.size, nullptr), HB_DNN_INVALID_ARGUMENT);
  CHECK_EQ(call(&got.text, &got.size, &got.type), HB_DNN_SUCCESS);
}

}  // namespace dnn
