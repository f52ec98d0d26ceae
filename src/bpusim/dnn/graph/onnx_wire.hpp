// Reading and writing fields of protobuf messages: what edits of serialized ONNX models are made of.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "dnn/base/error.hpp"
#include "dnn/graph/onnx_graph.hpp"

namespace bpusim {

inline void putVarint(std::string& to, std::uint64_t value) {
  for (; value >= 0x80U; value >>= 7U) {
    to += static_cast<char>((value & 0x7fU) | 0x80U);
  }
  to += static_cast<char>(value);
}

inline void putKey(std::string& to, std::uint32_t number, std::uint32_t type) {
  putVarint(to, static_cast<std::uint64_t>(number) << 3U | type);
}

inline void putNumber(std::string& to, std::uint32_t number, std::uint64_t value) {
  putKey(to, number, kWireVarint);
  putVarint(to, value);
}

inline void putBytes(std::string& to, std::uint32_t number, std::string_view payload) {
  putKey(to, number, kWireBytes);
  putVarint(to, payload.size());
  to += payload;
}

[[nodiscard]] inline bool isBytes(const WireField& field, std::uint32_t number) noexcept {
  return field.number == number && field.type == kWireBytes;
}

// Calls visit(field) for every field of a message. Throws Error when it is none.
template <class Visit>
void forEachField(std::string_view message, Visit&& visit) {
  WireReader reader(message);
  while (const std::optional<WireField> field = reader.next()) {
    visit(*field);
  }
  if (reader.failed()) {
    throw Error(HB_DNN_INVALID_MODEL, "the graph is damaged");
  }
}

// The message with every field replaced by what replace(field, output) writes.
template <class Replace>
[[nodiscard]] std::string rewritten(std::string_view message, Replace&& replace) {
  std::string output;
  forEachField(message, [&](const WireField& field) { replace(field, output); });
  return output;
}

[[nodiscard]] inline OnnxConstant requireConstant(std::string_view message) {
  const std::optional<OnnxConstant> constant = readConstant(message);
  if (!constant.has_value()) {
    throw Error(HB_DNN_INVALID_MODEL, "a constant of the graph is damaged");
  }
  return *constant;
}

}  // namespace bpusim
