#include "hbm_runtime/types.hpp"

#include <array>

#include "core/model/types.hpp"
#include "hobot/dnn/hb_dnn.h"

namespace hbm {
namespace {

struct TypeFacts {
  const char* name;
  const char* numpy;
  const char* npy;
  std::size_t size;
};

constexpr std::array kTypes{
#define HBM_ELEMENT_TYPE(name, enumerator, bytes, numpy, npy, onnx, engine) TypeFacts{#name, numpy, npy, bytes},
#include "types.inc"
    TypeFacts{"MAX", "", "", 0},
};

// The public header writes the values out for its readers.
#define HBM_ELEMENT_TYPE(name, enumerator, bytes, numpy, npy, onnx, engine) \
  static_assert(static_cast<std::int32_t>(DataType::enumerator) == HB_DNN_TENSOR_TYPE_##name);
#include "types.inc"
static_assert(static_cast<std::size_t>(DataType::kMax) + 1 == kTypes.size());

constexpr TypeFacts kUnknown{"?", "", "", 0};

const TypeFacts& factsOf(DataType type) noexcept {
  const auto index = static_cast<std::size_t>(type);
  return index < kTypes.size() ? kTypes[index] : kUnknown;
}

}  // namespace

std::size_t elementSize(DataType type) noexcept { return factsOf(type).size; }

const char* dataTypeName(DataType type) noexcept { return factsOf(type).name; }

const char* numpyName(DataType type) noexcept { return factsOf(type).numpy; }

const char* npyName(DataType type) noexcept { return factsOf(type).npy; }

}  // namespace hbm
