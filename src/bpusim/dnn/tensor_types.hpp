// Element types: hbDNNDataType and what bpusim knows about each.
#pragma once

#include <cstdint>

#include "hobot/dnn/hb_dnn.h"

namespace bpusim {

// Bytes of one element; 0 for types that no tensor of bpusim has (S4, U4, unknown numbers).
[[nodiscard]] constexpr std::int64_t elementSize(std::int32_t type) noexcept {
  switch (type) {
    case HB_DNN_TENSOR_TYPE_S8:
    case HB_DNN_TENSOR_TYPE_U8:
    case HB_DNN_TENSOR_TYPE_BOOL8:
      return 1;
    case HB_DNN_TENSOR_TYPE_F16:
    case HB_DNN_TENSOR_TYPE_S16:
    case HB_DNN_TENSOR_TYPE_U16:
      return 2;
    case HB_DNN_TENSOR_TYPE_F32:
    case HB_DNN_TENSOR_TYPE_S32:
    case HB_DNN_TENSOR_TYPE_U32:
      return 4;
    case HB_DNN_TENSOR_TYPE_F64:
    case HB_DNN_TENSOR_TYPE_S64:
    case HB_DNN_TENSOR_TYPE_U64:
      return 8;
    default:
      return 0;
  }
}

[[nodiscard]] constexpr const char* typeName(std::int32_t type) noexcept {
  constexpr const char* kNames[] = {"S4",  "U4",  "S8",  "U8",  "F16", "S16", "U16",
                                    "F32", "S32", "U32", "F64", "S64", "U64", "BOOL8"};
  return type >= 0 && type < HB_DNN_TENSOR_TYPE_MAX ? kNames[type] : "unknown";
}

}  // namespace bpusim
