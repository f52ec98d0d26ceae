#include "dnn/graph/onnx_values.hpp"

#include <cstring>
#include <utility>

#include "dnn/graph/onnx_wire.hpp"

namespace bpusim {
namespace {

constexpr int kDeepest = 100;  // graphs in each other
constexpr std::uint64_t kInteger32 = 6;
constexpr std::uint64_t kInteger64 = 7;
constexpr std::size_t kLargest = std::size_t{1} << 20U;

// Nothing when no rank is declared.
[[nodiscard]] std::optional<OnnxKnownValue> declaredValue(std::string_view type) {
  std::optional<std::vector<std::int64_t>> shape;
  std::uint64_t element = 0;
  forEachField(type, [&](const WireField& kind) {
    if (!isBytes(kind, onnx_field::kTypeTensor)) {
      return;
    }
    forEachField(kind.payload, [&](const WireField& part) {
      if (part.number == onnx_field::kTensorElement && part.type == kWireVarint) {
        element = part.value;
      }
      if (!isBytes(part, onnx_field::kTensorShape)) {
        return;
      }
      shape.emplace();
      forEachField(part.payload, [&](const WireField& dimension) {
        if (!isBytes(dimension, onnx_field::kShapeDimension)) {
          return;
        }
        shape->push_back(kUnknownDimension);
        forEachField(dimension.payload, [&](const WireField& size) {
          if (size.number == onnx_field::kDimensionValue && size.type == kWireVarint) {
            shape->back() = static_cast<std::int64_t>(size.value);
          }
        });
      });
    });
  });
  return shape.has_value() ? std::optional(OnnxKnownValue{*std::move(shape), {}, element}) : std::nullopt;
}

[[nodiscard]] OnnxKnownValue constantValue(std::string_view message) {
  const OnnxConstant constant = requireConstant(message);
  return {{constant.shape.begin(), constant.shape.end()}, message, constant.type};
}

template <class Integer>
[[nodiscard]] std::vector<std::int64_t> integersIn(std::string_view bytes) {
  std::vector<std::int64_t> all;
  for (std::size_t at = 0; at + sizeof(Integer) <= bytes.size(); at += sizeof(Integer)) {
    Integer value;
    std::memcpy(&value, bytes.data() + at, sizeof(value));
    all.push_back(value);
  }
  return all;
}

}  // namespace

OnnxValues::OnnxValues(std::string_view model) {
  forEachField(model, [&](const WireField& field) {
    if (isBytes(field, onnx_field::kModelGraph)) {
      addGraph(field.payload, 0);
    }
  });
}

const OnnxKnownValue* OnnxValues::find(std::string_view name) const {
  const auto found = values_.find(name);
  return found == values_.end() || !found->second.has_value() ? nullptr : &*found->second;
}

bool OnnxValues::isInput(std::string_view name) const {
  const OnnxKnownValue* const value = find(name);
  return value != nullptr && value->constant.empty();
}

void OnnxValues::addGraph(std::string_view graph, int depth) {
  if (depth > kDeepest) {
    throw Error(HB_DNN_INVALID_MODEL, "the graph is nested too deeply");
  }
  forEachField(graph, [&](const WireField& field) {
    if (isBytes(field, onnx_field::kGraphInitializer)) {
      add(requireConstant(field.payload).name, constantValue(field.payload));
    } else if (isBytes(field, onnx_field::kGraphNode)) {
      addNode(field.payload, depth);
    } else if (isBytes(field, onnx_field::kGraphInput)) {
      std::string_view name;
      std::optional<OnnxKnownValue> value;
      forEachField(field.payload, [&](const WireField& part) {
        if (isBytes(part, onnx_field::kValueName)) {
          name = part.payload;
        } else if (isBytes(part, onnx_field::kValueType)) {
          value = declaredValue(part.payload);
        }
      });
      if (value.has_value()) {
        add(name, *std::move(value));
      }
    }
  });
}

void OnnxValues::addNode(std::string_view node, int depth) {
  std::string_view output;
  std::string_view type;
  std::string_view constant;
  forEachField(node, [&](const WireField& field) {
    if (isBytes(field, onnx_field::kNodeOutput) && output.empty()) {
      output = field.payload;
    } else if (isBytes(field, onnx_field::kNodeType)) {
      type = field.payload;
    } else if (isBytes(field, onnx_field::kNodeAttribute)) {
      forEachField(field.payload, [&](const WireField& part) {
        if (isBytes(part, onnx_field::kAttributeConstant)) {
          constant = part.payload;
        } else if (isBytes(part, onnx_field::kAttributeGraph) || isBytes(part, onnx_field::kAttributeGraphs)) {
          addGraph(part.payload, depth + 1);
        }
      });
    }
  });
  if (type == "Constant" && !constant.empty()) {
    add(output, constantValue(constant));
  }
}

void OnnxValues::add(std::string_view name, OnnxKnownValue value) {
  const auto [place, fresh] = values_.emplace(name, std::move(value));
  if (!fresh) {
    place->second.reset();
  }
}

std::optional<std::vector<std::int64_t>> integersOf(std::string_view message) {
  const OnnxConstant constant = requireConstant(message);
  if (constant.external || constant.size > kLargest || (constant.type != kInteger32 && constant.type != kInteger64)) {
    return std::nullopt;
  }
  std::vector<std::int64_t> all;
  const auto add = [&](std::uint64_t value) { all.push_back(static_cast<std::int64_t>(value)); };
  forEachField(message, [&](const WireField& field) {
    if (isBytes(field, onnx_field::kConstantRaw)) {
      all = constant.type == kInteger32 ? integersIn<std::int32_t>(field.payload)
                                        : integersIn<std::int64_t>(field.payload);
    } else if (field.number == onnx_field::kConstantIntegers32 || field.number == onnx_field::kConstantIntegers64) {
      if (field.type == kWireVarint) {
        add(field.value);
      } else {
        WireReader packed(field.payload);
        while (const std::optional<std::uint64_t> value = packed.number()) {
          add(*value);
        }
      }
    }
  });
  return all;
}

}  // namespace bpusim
