#include "dnn/graph/onnx_constants.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <unordered_set>
#include <vector>

#include "dnn/graph/onnx_constant_walk.hpp"
#include "dnn/graph/onnx_wire.hpp"

namespace bpusim {
namespace {

// Shapes, axes, scales and the like are smaller, weights that matter are larger.
constexpr std::size_t kLargeConstant = std::size_t{16} << 10U;
// The limit of protobuf messages, as the engine reads them.
constexpr std::size_t kLargestModel = (std::size_t{1} << 31U) - 1;

[[nodiscard]] std::string_view bytesOf(const OnnxConstant& constant, ConstantFiles& files) {
  const std::string_view file = files.bytes(constant.location);
  if (constant.offset > file.size() || constant.length.value_or(0) > file.size() - constant.offset) {
    throw Error(HB_DNN_INVALID_MODEL,
                "the graph names weights beyond the end of '" + std::string(constant.location) + "'");
  }
  return file.substr(constant.offset, constant.length.value_or(std::string_view::npos));
}

// A ValueInfoProto of the constant's type and shape.
[[nodiscard]] std::string inputFor(const OnnxConstant& constant, std::string_view name) {
  std::string shape;
  for (const std::uint64_t size : constant.shape) {
    std::string dimension;
    putNumber(dimension, onnx_field::kDimensionValue, size);
    putBytes(shape, onnx_field::kShapeDimension, dimension);
  }
  std::string tensor;
  putNumber(tensor, onnx_field::kTensorElement, constant.type);
  putBytes(tensor, onnx_field::kTensorShape, shape);
  std::string type;
  putBytes(type, onnx_field::kTypeTensor, tensor);
  std::string input;
  putBytes(input, onnx_field::kValueName, name);
  putBytes(input, onnx_field::kValueType, type);
  return input;
}

class Copier {
 public:
  explicit Copier(ConstantFiles& files) : files_(files) {}

  [[nodiscard]] std::string whole(std::string_view model) { return inside(model, OnnxPart::kModel); }

  [[nodiscard]] std::string withoutLarge(std::string_view model) {
    return rewritten(model, [&](const WireField& field, std::string& to) {
      if (isBytes(field, onnx_field::kModelGraph)) {
        putBytes(to, field.number, topGraph(field.payload));
      } else {
        to += field.whole;
      }
    });
  }

 private:
  // Constants of inner graphs stay: their names may be other graphs' names, too.
  [[nodiscard]] std::string topGraph(std::string_view message) {
    std::unordered_set<std::string_view> inputs;
    forEachField(message, [&](const WireField& field) {
      if (isBytes(field, onnx_field::kGraphInput)) {
        inputs.insert(readName(field.payload));
      }
    });
    return rewritten(message, [&](const WireField& field, std::string& to) {
      if (isBytes(field, onnx_field::kGraphInitializer)) {
        const OnnxConstant constant = requireConstant(field.payload);
        if (!large(constant)) {
          putBytes(to, field.number, embedded(field.payload));
        } else if (inputs.count(constant.name) == 0) {
          putBytes(to, onnx_field::kGraphInput, inputFor(constant, constant.name));
        }
      } else if (isBytes(field, onnx_field::kGraphNode)) {
        if (const std::optional<std::string> input = inputForNode(field.payload)) {
          putBytes(to, onnx_field::kGraphInput, *input);
        } else {
          putBytes(to, field.number, inside(field.payload, OnnxPart::kNode));
        }
      } else {
        to += field.whole;
      }
    });
  }

  [[nodiscard]] static bool large(const OnnxConstant& constant) {
    return (constant.external ? constant.length.value_or(kLargeConstant + 1) : constant.size) > kLargeConstant;
  }

  [[nodiscard]] static std::string_view readName(std::string_view value) {
    std::string_view name;
    forEachField(value, [&](const WireField& field) {
      if (isBytes(field, onnx_field::kValueName)) {
        name = field.payload;
      }
    });
    return name;
  }

  // The input in place of a node that is a large constant.
  [[nodiscard]] static std::optional<std::string> inputForNode(std::string_view message) {
    std::string_view type;
    std::string_view domain;
    std::string_view output;
    std::string_view value;
    forEachField(message, [&](const WireField& field) {
      if (isBytes(field, onnx_field::kNodeType)) {
        type = field.payload;
      } else if (isBytes(field, onnx_field::kNodeDomain)) {
        domain = field.payload;
      } else if (isBytes(field, onnx_field::kNodeOutput)) {
        output = field.payload;
      } else if (isBytes(field, onnx_field::kNodeAttribute)) {
        forEachField(field.payload, [&](const WireField& part) {
          if (isBytes(part, onnx_field::kAttributeConstant)) {
            value = part.payload;
          }
        });
      }
    });
    if (type != "Constant" || !(domain.empty() || domain == "ai.onnx") || value.empty() ||
        !large(requireConstant(value))) {
      return std::nullopt;
    }
    return inputFor(requireConstant(value), output);
  }

  [[nodiscard]] std::string inside(std::string_view message, OnnxPart part) {
    return withReplacedConstants(message, part, [this](std::string_view constant) { return embedded(constant); });
  }

  // A TensorProto with its bytes.
  [[nodiscard]] std::string embedded(std::string_view message) {
    const OnnxConstant constant = requireConstant(message);
    if (!constant.external) {
      return std::string(message);
    }
    std::string whole = rewritten(message, [](const WireField& field, std::string& to) {
      if (field.number != onnx_field::kConstantExternal && field.number != onnx_field::kConstantLocation &&
          field.number != onnx_field::kConstantRaw) {
        to += field.whole;
      }
    });
    const std::string_view bytes = bytesOf(constant, files_);
    added_ += bytes.size();
    if (added_ > kLargestModel) {
      throw Error(HB_DNN_OUT_OF_MEMORY, "the constants are too large for one message");
    }
    putBytes(whole, onnx_field::kConstantRaw, bytes);
    return whole;
  }

  ConstantFiles& files_;
  std::size_t added_ = 0;
};

}  // namespace

std::string_view ConstantFiles::bytes(std::string_view location) {
  if (const auto known = views_.find(location); known != views_.end()) {
    return known->second;
  }
  if (!folder_.has_value()) {
    throw Error(HB_DNN_INVALID_MODEL, "the graph names weights in '" + std::string(location) + "'");
  }
  const std::string path = (folder_->empty() ? "" : *folder_ + "/") + std::string(location);
  const auto file = files_.emplace(location, FileBytes::map(path)).first->second;
  return views_.emplace(location, file->view()).first->second;
}

std::string withConstants(std::string_view model, ConstantFiles& files) { return Copier(files).whole(model); }

std::string withoutWeights(std::string_view model, ConstantFiles& files) { return Copier(files).withoutLarge(model); }

std::string constantOf(std::string_view model, std::string_view text) {
  std::string found;
  const auto look = [&](std::string_view message) {
    const std::optional<OnnxConstant> constant = readConstant(message);
    if (!constant.has_value() || !constant->external || constant->name.size() <= found.size()) {
      return;
    }
    const std::string named = "initializer: " + std::string(constant->name);
    const std::size_t at = text.find(named);
    // The name of another one may go on.
    if (at != std::string_view::npos && (at + named.size() == text.size() || text[at + named.size()] == ' ')) {
      found = constant->name;
    }
  };
  try {
    forEachConstant(model, OnnxPart::kModel, look);
  } catch (const Error&) {  // damaged: the engine has said so
    found.clear();
  }
  return found;
}

}  // namespace bpusim
