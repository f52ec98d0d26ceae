#include "dnn/graph/onnx_node.hpp"

#include <cstdint>
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

#include "dnn/graph/onnx_wire.hpp"

namespace bpusim {
namespace {

// Reads a list that is packed or has its elements one by one.
void addIntegers(const WireField& field, std::vector<std::int64_t>& integers) {
  if (field.type == kWireVarint) {
    integers.push_back(static_cast<std::int64_t>(field.value));
    return;
  }
  WireReader packed(field.payload);
  while (const std::optional<std::uint64_t> value = packed.number()) {
    integers.push_back(static_cast<std::int64_t>(*value));
  }
}

[[nodiscard]] std::pair<std::string_view, OnnxAttribute> readAttribute(std::string_view message) {
  std::string_view name;
  OnnxAttribute attribute;
  forEachField(message, [&](const WireField& field) {
    if (isBytes(field, onnx_field::kAttributeName)) {
      name = field.payload;
    } else if (field.number == onnx_field::kAttributeFloat && field.payload.size() == sizeof(float)) {
      std::memcpy(&attribute.real.emplace(), field.payload.data(), sizeof(float));
    } else if (field.number == onnx_field::kAttributeInteger && field.type == kWireVarint) {
      attribute.integer = static_cast<std::int64_t>(field.value);
    } else if (isBytes(field, onnx_field::kAttributeText)) {
      attribute.text = field.payload;
    } else if (field.number == onnx_field::kAttributeIntegers) {
      addIntegers(field, attribute.integers);
    }
  });
  return {name, attribute};
}

}  // namespace

OnnxFullNode readFullNode(std::string_view message) {
  OnnxFullNode node;
  forEachField(message, [&](const WireField& field) {
    if (isBytes(field, onnx_field::kNodeInput)) {
      node.inputs.push_back(field.payload);
    } else if (isBytes(field, onnx_field::kNodeOutput)) {
      node.outputs.push_back(field.payload);
    } else if (isBytes(field, onnx_field::kNodeName)) {
      node.name = field.payload;
    } else if (isBytes(field, onnx_field::kNodeType)) {
      node.type = field.payload;
    } else if (isBytes(field, onnx_field::kNodeDomain)) {
      node.domain = field.payload;
    } else if (isBytes(field, onnx_field::kNodeAttribute)) {
      node.attributes.insert(readAttribute(field.payload));
    }
  });
  return node;
}

}  // namespace bpusim
