#include "hbm_runtime/types.hpp"

#include <array>

namespace hbm {
namespace {

struct TypeFacts {
  const char* name;
  const char* numpy;
  std::size_t size;
};

constexpr std::array<TypeFacts, 15> kTypes{{
    {"S4", "", 0},
    {"U4", "", 0},
    {"S8", "int8", 1},
    {"U8", "uint8", 1},
    {"F16", "float16", 2},
    {"S16", "int16", 2},
    {"U16", "uint16", 2},
    {"F32", "float32", 4},
    {"S32", "int32", 4},
    {"U32", "uint32", 4},
    {"F64", "float64", 8},
    {"S64", "int64", 8},
    {"U64", "uint64", 8},
    {"BOOL8", "bool", 1},
    {"MAX", "", 0},
}};

constexpr TypeFacts kUnknown{"?", "", 0};

const TypeFacts& factsOf(DataType type) noexcept {
  const auto index = static_cast<std::size_t>(type);
  return index < kTypes.size() ? kTypes[index] : kUnknown;
}

}  // namespace

std::size_t elementSize(DataType type) noexcept { return factsOf(type).size; }

const char* dataTypeName(DataType type) noexcept { return factsOf(type).name; }

const char* numpyName(DataType type) noexcept { return factsOf(type).numpy; }

}  // namespace hbm
