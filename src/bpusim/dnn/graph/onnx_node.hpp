// A node of a serialized ONNX model with what rules about operators look at.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

namespace bpusim {

// Views are into the model's bytes.
struct OnnxAttribute {
  std::optional<float> real;
  std::optional<std::int64_t> integer;
  std::string_view text;
  std::vector<std::int64_t> integers;
};

struct OnnxFullNode {
  std::string_view name;
  std::string_view type;
  std::string_view domain;
  std::vector<std::string_view> inputs;
  std::vector<std::string_view> outputs;
  std::map<std::string_view, OnnxAttribute> attributes;

  [[nodiscard]] bool isGiven(std::size_t index) const { return index < inputs.size() && !inputs[index].empty(); }
  [[nodiscard]] float real(std::string_view attribute, float otherwise) const {
    const auto found = attributes.find(attribute);
    return found == attributes.end() ? otherwise : found->second.real.value_or(otherwise);
  }
  [[nodiscard]] std::optional<std::int64_t> integer(std::string_view attribute) const {
    const auto found = attributes.find(attribute);
    return found == attributes.end() ? std::nullopt : found->second.integer;
  }
  [[nodiscard]] std::string_view text(std::string_view attribute) const {
    const auto found = attributes.find(attribute);
    return found == attributes.end() ? std::string_view() : found->second.text;
  }
  [[nodiscard]] std::vector<std::int64_t> integers(std::string_view attribute) const {
    const auto found = attributes.find(attribute);
    return found == attributes.end() ? std::vector<std::int64_t>() : found->second.integers;
  }
};

// Throws Error when the message is damaged.
[[nodiscard]] OnnxFullNode readFullNode(std::string_view message);

}  // namespace bpusim
