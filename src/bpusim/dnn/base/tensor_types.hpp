// Element types: hbDNNDataType and what bpusim knows about each.
#pragma once

#include <cstdint>

#include "hobot/dnn/hb_dnn.h"

namespace bpusim {

struct TensorType {
  const char* name;    // "F32"
  std::int64_t size;   // bytes of one element; 0 for types that no tensor of bpusim has (S4, U4)
  const char* npy;     // in .npy files: "<f4"
  const char* engine;  // the engine's word for it
  std::int32_t type;   // hbDNNDataType
  std::int32_t onnx;   // ONNX's number, which is the engine's, too
};

inline constexpr TensorType kTensorTypes[] = {
#define HBM_ELEMENT_TYPE(name, enumerator, bytes, numpy, npy, onnx, engine) \
  {#name, bytes, npy, engine, HB_DNN_TENSOR_TYPE_##name, onnx},
#include "types.inc"
};

// The row of a type; unknown numbers have one without a size.
[[nodiscard]] constexpr TensorType tensorType(std::int32_t type) noexcept {
  for (const TensorType& each : kTensorTypes) {
    if (each.type == type) {
      return each;
    }
  }
  return {"unknown", 0, "", "", type, 0};
}

[[nodiscard]] constexpr std::int64_t elementSize(std::int32_t type) noexcept { return tensorType(type).size; }

[[nodiscard]] constexpr const char* typeName(std::int32_t type) noexcept { return tensorType(type).name; }

}  // namespace bpusim
