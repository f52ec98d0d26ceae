// Where constants and nodes are in serialized ONNX models: in graphs, in the attributes of nodes, in inner graphs and
// functions.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace bpusim {

// Messages that can have constants in them.
enum class OnnxPart { kModel, kGraph, kFunction, kNode, kAttribute, kSparseConstant, kConstant, kOther };

// Calls visit(message) for every TensorProto inside of `message`, without copying. Throws Error when it is damaged.
void forEachConstant(std::string_view message, OnnxPart part, const std::function<void(std::string_view)>& visit);

// Calls visit(message) for every NodeProto inside of `message`. Throws Error when it is damaged.
void forEachNode(std::string_view message, OnnxPart part, const std::function<void(std::string_view)>& visit);

// The message with every TensorProto replaced by what `replace` makes of it. Throws Error when it is damaged.
[[nodiscard]] std::string withReplacedConstants(std::string_view message, OnnxPart part,
                                                const std::function<std::string(std::string_view)>& replace);

}  // namespace bpusim
