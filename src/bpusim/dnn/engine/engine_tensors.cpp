#include "dnn/engine/engine_tensors.hpp"

#include <memory>
#include <utility>

#include "dnn/base/tensor_types.hpp"
#include "dnn/engine/engine_process.hpp"

namespace bpusim {
namespace {

// Words for types of the engine that no tensor has.
constexpr std::pair<std::int32_t, const char*> kOtherTypes[] = {{ort::kString, "string"},
                                                                {ort::kComplex64, "complex64"},
                                                                {ort::kComplex128, "complex128"},
                                                                {ort::kBfloat16, "bfloat16"}};

[[nodiscard]] std::string typeText(std::int32_t type) {
  if (const std::int32_t known = driverType(type); known >= 0) {
    return tensorType(known).engine;
  }
  for (const auto& [number, text] : kOtherTypes) {
    if (number == type) {
      return text;
    }
  }
  return "element type " + std::to_string(type) + " of ONNX";
}

void describe(const ort::TypeInfo* type, EngineTensor& tensor) {
  std::int32_t kind = 0;
  check(api().GetOnnxTypeFromTypeInfo(type, &kind));
  if (kind != ort::kTensor) {
    constexpr const char* kKinds[] = {"value of unknown type", "tensor",        "sequence",      "map",
                                      "opaque value",          "sparse tensor", "optional value"};
    tensor.typeText = kind >= 0 && kind <= ort::kOptional ? kKinds[kind] : kKinds[0];
    return;
  }
  const ort::TensorInfo* info = nullptr;
  check(api().CastTypeInfoToTensorInfo(type, &info));
  std::int32_t element = 0;
  check(api().GetTensorElementType(info, &element));
  tensor.elementType = element;
  tensor.type = driverType(element);
  tensor.typeText = typeText(element) + " tensor";
  tensor.shape = shapeOf(info);
  std::vector<const char*> symbols(tensor.shape.size());
  check(api().GetSymbolicDimensions(info, symbols.data(), symbols.size()));
  for (const char* const symbol : symbols) {
    tensor.symbols.emplace_back(symbol == nullptr ? "" : symbol);
  }
}

using CountFunction = ort::Status* (*)(const ort::Session*, std::size_t*);
using NameFunction = ort::Status* (*)(const ort::Session*, std::size_t, ort::Allocator*, char**);
using TypeFunction = ort::Status* (*)(const ort::Session*, std::size_t, ort::TypeInfo**);

[[nodiscard]] std::vector<EngineTensor> listed(const ort::Session* session, CountFunction count, NameFunction name,
                                               TypeFunction type) {
  std::size_t length = 0;
  check(count(session, &length));
  std::vector<EngineTensor> tensors;
  for (std::size_t i = 0; i < length; ++i) {
    EngineTensor tensor{"", 0, -1, "", {}, {}};
    char* text = nullptr;
    check(name(session, i, engine().allocator, &text));
    tensor.name = taken(text);
    ort::TypeInfo* info = nullptr;
    check(type(session, i, &info));
    const std::unique_ptr<ort::TypeInfo, void (*)(ort::TypeInfo*)> owner(info, api().ReleaseTypeInfo);
    describe(info, tensor);
    tensors.push_back(std::move(tensor));
  }
  return tensors;
}

}  // namespace

std::int32_t driverType(std::int32_t type) noexcept {
  for (const TensorType& each : kTensorTypes) {
    if (each.onnx == type && type != 0) {
      return each.type;
    }
  }
  return -1;
}

std::int32_t engineType(std::int32_t type) noexcept { return tensorType(type).onnx; }

std::vector<std::int64_t> shapeOf(const ort::TensorInfo* info) {
  std::size_t rank = 0;
  check(api().GetDimensionsCount(info, &rank));
  std::vector<std::int64_t> shape(rank);
  check(api().GetDimensions(info, shape.data(), rank));
  return shape;
}

std::vector<EngineTensor> inputsOf(const ort::Session* session) {
  return listed(session, api().SessionGetInputCount, api().SessionGetInputName, api().SessionGetInputTypeInfo);
}

std::vector<EngineTensor> outputsOf(const ort::Session* session) {
  return listed(session, api().SessionGetOutputCount, api().SessionGetOutputName, api().SessionGetOutputTypeInfo);
}

}  // namespace bpusim
