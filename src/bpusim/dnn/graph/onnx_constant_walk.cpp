#include "dnn/graph/onnx_constant_walk.hpp"

#include <cstdint>

#include "dnn/graph/onnx_wire.hpp"

namespace bpusim {
namespace {

constexpr int kDeepest = 300;  // messages in each other; a graph in a graph takes three

struct Child {
  OnnxPart whole;
  std::uint32_t field;
  OnnxPart part;
};
constexpr Child kChildren[] = {
    {OnnxPart::kModel, onnx_field::kModelGraph, OnnxPart::kGraph},
    {OnnxPart::kModel, onnx_field::kModelFunction, OnnxPart::kFunction},
    {OnnxPart::kFunction, onnx_field::kFunctionNode, OnnxPart::kNode},
    {OnnxPart::kGraph, onnx_field::kGraphNode, OnnxPart::kNode},
    {OnnxPart::kGraph, onnx_field::kGraphInitializer, OnnxPart::kConstant},
    {OnnxPart::kGraph, onnx_field::kGraphSparseInitializer, OnnxPart::kSparseConstant},
    {OnnxPart::kNode, onnx_field::kNodeAttribute, OnnxPart::kAttribute},
    {OnnxPart::kAttribute, onnx_field::kAttributeConstant, OnnxPart::kConstant},
    {OnnxPart::kAttribute, onnx_field::kAttributeConstants, OnnxPart::kConstant},
    {OnnxPart::kAttribute, onnx_field::kAttributeGraph, OnnxPart::kGraph},
    {OnnxPart::kAttribute, onnx_field::kAttributeGraphs, OnnxPart::kGraph},
    {OnnxPart::kAttribute, onnx_field::kAttributeSparseConstant, OnnxPart::kSparseConstant},
    {OnnxPart::kAttribute, onnx_field::kAttributeSparseConstants, OnnxPart::kSparseConstant},
    {OnnxPart::kSparseConstant, onnx_field::kSparseValues, OnnxPart::kConstant},
    {OnnxPart::kSparseConstant, onnx_field::kSparseIndices, OnnxPart::kConstant},
};

[[nodiscard]] OnnxPart partOf(OnnxPart whole, const WireField& field) noexcept {
  for (const Child& child : kChildren) {
    if (child.whole == whole && isBytes(field, child.field)) {
      return child.part;
    }
  }
  return OnnxPart::kOther;
}

void checkDepth(int depth) {
  if (depth > kDeepest) {
    throw Error(HB_DNN_INVALID_MODEL, "the graph is nested too deeply");
  }
}

void visitAll(std::string_view message, OnnxPart part, OnnxPart wanted,
              const std::function<void(std::string_view)>& visit, int depth) {
  checkDepth(depth);
  if (part == wanted) {
    visit(message);
  }
  if (part == OnnxPart::kConstant) {
    return;
  }
  forEachField(message, [&](const WireField& field) {
    if (const OnnxPart inner = partOf(part, field); inner != OnnxPart::kOther) {
      visitAll(field.payload, inner, wanted, visit, depth + 1);
    }
  });
}

[[nodiscard]] std::string replaceAll(std::string_view message, OnnxPart part,
                                     const std::function<std::string(std::string_view)>& replace, int depth) {
  checkDepth(depth);
  if (part == OnnxPart::kConstant) {
    return replace(message);
  }
  return rewritten(message, [&](const WireField& field, std::string& to) {
    if (const OnnxPart inner = partOf(part, field); inner != OnnxPart::kOther) {
      putBytes(to, field.number, replaceAll(field.payload, inner, replace, depth + 1));
    } else {
      to += field.whole;
    }
  });
}

}  // namespace

void forEachConstant(std::string_view message, OnnxPart part, const std::function<void(std::string_view)>& visit) {
  visitAll(message, part, OnnxPart::kConstant, visit, 0);
}

void forEachNode(std::string_view message, OnnxPart part, const std::function<void(std::string_view)>& visit) {
  visitAll(message, part, OnnxPart::kNode, visit, 0);
}

std::string withReplacedConstants(std::string_view message, OnnxPart part,
                                  const std::function<std::string(std::string_view)>& replace) {
  return replaceAll(message, part, replace, 0);
}

}  // namespace bpusim
