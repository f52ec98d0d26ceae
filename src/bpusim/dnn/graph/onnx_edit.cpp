#include "dnn/graph/onnx_edit.hpp"

#include <algorithm>

#include "dnn/graph/onnx_wire.hpp"

namespace bpusim {
namespace {

[[nodiscard]] std::string shapeMessage(const std::vector<std::int64_t>& shape) {
  std::string message;
  for (const std::int64_t size : shape) {
    std::string dimension;
    putKey(dimension, onnx_field::kDimensionValue, kWireVarint);
    putVarint(dimension, static_cast<std::uint64_t>(size));
    putBytes(message, onnx_field::kShapeDimension, dimension);
  }
  return message;
}

// A ValueInfoProto with another shape; without one when `shape` is null.
[[nodiscard]] std::string valueWithShape(std::string_view value, const std::vector<std::int64_t>* shape) {
  return rewritten(value, [&](const WireField& field, std::string& output) {
    if (!isBytes(field, onnx_field::kValueType)) {
      output += field.whole;
      return;
    }
    putBytes(output, onnx_field::kValueType, rewritten(field.payload, [&](const WireField& type, std::string& typeOut) {
               if (!isBytes(type, onnx_field::kTypeTensor)) {
                 typeOut += type.whole;
                 return;
               }
               std::string tensor = rewritten(type.payload, [](const WireField& part, std::string& tensorOut) {
                 if (!isBytes(part, onnx_field::kTensorShape)) {
                   tensorOut += part.whole;
                 }
               });
               if (shape != nullptr) {
                 putBytes(tensor, onnx_field::kTensorShape, shapeMessage(*shape));
               }
               putBytes(typeOut, onnx_field::kTypeTensor, tensor);
             }));
  });
}

[[nodiscard]] std::string_view nameOf(std::string_view value) {
  WireReader reader(value);
  while (const std::optional<WireField> field = reader.next()) {
    if (isBytes(*field, onnx_field::kValueName)) {
      return field->payload;
    }
  }
  return {};
}

[[nodiscard]] std::string entryOf(std::string_view key, std::string_view value) {
  std::string entry;
  putBytes(entry, onnx_field::kEntryKey, key);
  putBytes(entry, onnx_field::kEntryValue, value);
  return entry;
}

// A TensorProto whose external data lie elsewhere; without external data it stays as it is.
[[nodiscard]] std::string constantIn(std::string_view message, std::string_view file, std::uint64_t begin,
                                     std::uint64_t size) {
  const OnnxConstant constant = requireConstant(message);
  if (!constant.external) {
    return std::string(message);
  }
  const std::uint64_t length = constant.length.value_or(0);
  if (constant.offset > size || length > size - constant.offset) {
    throw Error(HB_DNN_INVALID_MODEL, "the graph names weights beyond their end");
  }
  std::string moved = rewritten(message, [](const WireField& field, std::string& output) {
    if (!isBytes(field, onnx_field::kConstantExternal)) {
      output += field.whole;
    }
  });
  putBytes(moved, onnx_field::kConstantExternal, entryOf("location", file));
  putBytes(moved, onnx_field::kConstantExternal, entryOf("offset", std::to_string(begin + constant.offset)));
  putBytes(moved, onnx_field::kConstantExternal, entryOf("length", std::to_string(length)));
  return moved;
}

}  // namespace

std::string withLocation(std::string_view constant, std::string_view location) {
  const std::string place = entryOf("location", location);
  return rewritten(constant, [&](const WireField& field, std::string& output) {
    if (!isBytes(field, onnx_field::kConstantExternal)) {
      output += field.whole;
      return;
    }
    std::string_view key;
    forEachField(field.payload,
                 [&](const WireField& part) { key = isBytes(part, onnx_field::kEntryKey) ? part.payload : key; });
    putBytes(output, field.number, key == "location" ? std::string_view(place) : field.payload);
  });
}

std::string withWeightsIn(std::string_view model, std::string_view file, std::uint64_t begin, std::uint64_t size) {
  return rewritten(model, [&](const WireField& field, std::string& output) {
    if (!isBytes(field, onnx_field::kModelGraph)) {
      output += field.whole;
      return;
    }
    putBytes(output, field.number, rewritten(field.payload, [&](const WireField& part, std::string& graph) {
               if (isBytes(part, onnx_field::kGraphInitializer)) {
                 putBytes(graph, part.number, constantIn(part.payload, file, begin, size));
               } else {
                 graph += part.whole;
               }
             }));
  });
}

std::string withOutputs(std::string_view model, const std::vector<std::string>& names) {
  std::string graph;
  for (const std::string& name : names) {
    std::string value;
    putBytes(value, onnx_field::kValueName, name);
    putBytes(graph, onnx_field::kGraphOutput, value);
  }
  // A second graph field is merged into the first one.
  std::string edited(model);
  putBytes(edited, onnx_field::kModelGraph, graph);
  return edited;
}

std::string withInputShapes(std::string_view model, const std::vector<InputShape>& inputs) {
  const auto rewriteGraph = [&](const WireField& field, std::string& output) {
    if (isBytes(field, onnx_field::kGraphValueInfo)) {
      return;
    }
    if (isBytes(field, onnx_field::kGraphOutput)) {
      putBytes(output, field.number, valueWithShape(field.payload, nullptr));
      return;
    }
    if (isBytes(field, onnx_field::kGraphInput)) {
      const std::string_view name = nameOf(field.payload);
      const auto input = std::find_if(inputs.begin(), inputs.end(),
                                      [&](const InputShape& candidate) { return candidate.name == name; });
      if (input != inputs.end()) {
        putBytes(output, field.number, valueWithShape(field.payload, &input->shape));
        return;
      }
    }
    output += field.whole;
  };
  return rewritten(model, [&](const WireField& field, std::string& output) {
    if (isBytes(field, onnx_field::kModelGraph)) {
      putBytes(output, field.number, rewritten(field.payload, rewriteGraph));
    } else {
      output += field.whole;
    }
  });
}

}  // namespace bpusim
