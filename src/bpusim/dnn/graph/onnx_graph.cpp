#include "dnn/graph/onnx_graph.hpp"

#include <charconv>

namespace bpusim {
namespace {

constexpr std::uint32_t kWireEightBytes = 1;
constexpr std::uint32_t kWireFourBytes = 5;

// Calls visit(field) for every field; false when the bytes are no message.
template <class Visit>
[[nodiscard]] bool forEach(std::string_view message, Visit&& visit) {
  WireReader reader(message);
  while (const std::optional<WireField> field = reader.next()) {
    visit(*field);
  }
  return !reader.failed();
}

[[nodiscard]] bool isBytes(const WireField& field, std::uint32_t number) noexcept {
  return field.number == number && field.type == kWireBytes;
}

[[nodiscard]] bool readNode(std::string_view message, OnnxNode& node) {
  return forEach(message, [&](const WireField& field) {
    if (isBytes(field, onnx_field::kNodeName)) {
      node.name = field.payload;
    } else if (isBytes(field, onnx_field::kNodeType)) {
      node.type = field.payload;
    } else if (isBytes(field, onnx_field::kNodeDomain)) {
      node.domain = field.payload;
    } else if (isBytes(field, onnx_field::kNodeInput)) {
      node.inputs.push_back(field.payload);
    } else if (isBytes(field, onnx_field::kNodeOutput)) {
      node.outputs.push_back(field.payload);
    } else if (isBytes(field, onnx_field::kNodeAttribute)) {
      node.attributes.push_back(field.payload);
    }
  });
}

[[nodiscard]] bool declaresShape(std::string_view type) {
  bool found = false;
  static_cast<void>(forEach(type, [&](const WireField& field) {
    if (isBytes(field, onnx_field::kTypeTensor)) {
      static_cast<void>(forEach(
          field.payload, [&](const WireField& inner) { found = found || isBytes(inner, onnx_field::kTensorShape); }));
    }
  }));
  return found;
}

[[nodiscard]] bool readValue(std::string_view message, OnnxValue& value) {
  return forEach(message, [&](const WireField& field) {
    if (isBytes(field, onnx_field::kValueName)) {
      value.name = field.payload;
    } else if (isBytes(field, onnx_field::kValueDescription)) {
      value.description = field.payload;
    } else if (isBytes(field, onnx_field::kValueType)) {
      value.hasShape = value.hasShape || declaresShape(field.payload);
    }
  });
}

[[nodiscard]] bool readGraph(std::string_view message, OnnxGraph& graph) {
  bool valid = true;
  const bool whole = forEach(message, [&](const WireField& field) {
    if (isBytes(field, onnx_field::kGraphName)) {
      graph.name = field.payload;
    } else if (isBytes(field, onnx_field::kGraphNode)) {
      valid = readNode(field.payload, graph.nodes.emplace_back()) && valid;
    } else if (isBytes(field, onnx_field::kGraphInput)) {
      valid = readValue(field.payload, graph.inputs.emplace_back()) && valid;
    } else if (isBytes(field, onnx_field::kGraphOutput)) {
      valid = readValue(field.payload, graph.outputs.emplace_back()) && valid;
    }
  });
  return whole && valid;
}

[[nodiscard]] bool readNumber(std::string_view text, std::uint64_t& number) {
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  return failure == std::errc() && end == text.data() + text.size();
}

// One entry of the place of a constant.
[[nodiscard]] bool readPlace(std::string_view entry, OnnxConstant& constant) {
  std::string_view key;
  std::string_view value;
  const bool whole = forEach(entry, [&](const WireField& field) {
    if (isBytes(field, onnx_field::kEntryKey)) {
      key = field.payload;
    } else if (isBytes(field, onnx_field::kEntryValue)) {
      value = field.payload;
    }
  });
  if (key == "location") {
    constant.location = value;
  }
  return whole && (key != "offset" || readNumber(value, constant.offset)) &&
         (key != "length" || readNumber(value, constant.length.emplace()));
}

}  // namespace

std::optional<std::uint64_t> WireReader::varint() noexcept {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
    const auto byte = static_cast<std::uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    value |= static_cast<std::uint64_t>(byte & 0x7fU) << shift;
    if ((byte & 0x80U) == 0) {
      return value;
    }
  }
  return std::nullopt;
}

std::optional<WireField> WireReader::next() noexcept {
  if (rest_.empty() || failed_) {
    return std::nullopt;
  }
  const std::string_view start = rest_;
  failed_ = true;
  const std::optional<std::uint64_t> key = varint();
  if (!key.has_value() || *key >> 3U == 0 || *key >> 3U >= 1U << 29U) {
    return std::nullopt;
  }
  WireField field{static_cast<std::uint32_t>(*key >> 3U), static_cast<std::uint32_t>(*key & 7U), 0, {}, {}};
  std::uint64_t length = 0;
  if (field.type == kWireVarint || field.type == kWireBytes) {
    const std::optional<std::uint64_t> value = varint();
    if (!value.has_value()) {
      return std::nullopt;
    }
    (field.type == kWireVarint ? field.value : length) = *value;
  } else if (field.type == kWireEightBytes) {
    length = 8;
  } else if (field.type == kWireFourBytes) {
    length = 4;
  } else {
    return std::nullopt;
  }
  if (length > rest_.size()) {
    return std::nullopt;
  }
  field.payload = rest_.substr(0, static_cast<std::size_t>(length));
  rest_.remove_prefix(field.payload.size());
  field.whole = start.substr(0, start.size() - rest_.size());
  failed_ = false;
  return field;
}

std::optional<OnnxGraph> readOnnx(std::string_view model) {
  OnnxGraph graph;
  bool hasVersion = false;
  bool hasGraph = false;
  bool valid = true;
  const bool whole = forEach(model, [&](const WireField& field) {
    hasVersion = hasVersion || (field.number == onnx_field::kModelIrVersion && field.type == kWireVarint);
    if (isBytes(field, onnx_field::kModelGraph)) {
      // A message that occurs several times is merged.
      hasGraph = true;
      valid = readGraph(field.payload, graph) && valid;
    }
  });
  if (!whole || !valid || !hasVersion || !hasGraph) {
    return std::nullopt;
  }
  return graph;
}

std::vector<std::pair<std::string, std::string>> operationsOf(const OnnxGraph& graph) {
  std::vector<std::pair<std::string, std::string>> operations;
  // The engine names an operation without a name by its type and its place. Constants have none: they become weights.
  std::size_t place = 0;
  for (const OnnxNode& node : graph.nodes) {
    const bool constant = node.type == "Constant";
    std::string name(node.name);
    if (name.empty() && !constant) {
      name = std::string(node.type) + "_" + std::to_string(place);
    }
    operations.emplace_back(std::move(name), node.type);
    place += constant ? 0 : 1;
  }
  return operations;
}

std::optional<OnnxConstant> readConstant(std::string_view message) {
  OnnxConstant constant;
  constant.size = message.size();
  bool valid = true;
  const bool whole = forEach(message, [&](const WireField& field) {
    if (field.number == onnx_field::kConstantShape && field.type == kWireVarint) {
      constant.shape.push_back(field.value);
    } else if (isBytes(field, onnx_field::kConstantShape)) {
      WireReader packed(field.payload);
      while (const std::optional<std::uint64_t> size = packed.number()) {
        constant.shape.push_back(*size);
      }
    } else if (field.number == onnx_field::kConstantType) {
      constant.type = field.value;
    } else if (field.number == onnx_field::kConstantLocation) {
      constant.external = field.value == 1;
    } else if (isBytes(field, onnx_field::kConstantName)) {
      constant.name = field.payload;
    } else if (isBytes(field, onnx_field::kConstantExternal)) {
      valid = readPlace(field.payload, constant) && valid;
    }
  });
  return whole && valid ? std::optional<OnnxConstant>(constant) : std::nullopt;
}

}  // namespace bpusim
