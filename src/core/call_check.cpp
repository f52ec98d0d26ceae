#include "core/call_check.hpp"

#include "core/status.hpp"
#include "hbm_runtime/error.hpp"

namespace hbm {
namespace {

[[noreturn]] void refuse(const ModelInfo& model, const char* role, const TensorInfo& tensor, const std::string& text,
                         ErrorKind kind = ErrorKind::kInput) {
  throw Error(kind, place(model.name, role, tensor.name) + ": " + text, {"", 0, "", model.name, tensor.name});
}

bool shapeMatches(const TensorInfo& input, const TensorView& view) {
  for (std::size_t i = 0; i < input.shape.size(); ++i) {
    if (input.shape[i] >= 0 && input.shape[i] != view.shape[i]) {
      return false;
    }
  }
  return true;
}

// What inputs and outputs have alike: element type, rank, dimensions.
void checkTensor(const ModelInfo& model, const char* role, const TensorInfo& info, const TensorView& view) {
  if (view.dtype != info.dtype) {
    refuse(model, role, info, wrongType(info.dtype, describeType(view.dtype)));
  }
  const std::size_t rank = info.shape.size();
  const auto givenRank = static_cast<std::size_t>(view.rank);
  if (givenRank != rank) {
    refuse(model, role, info,
           "expected " + std::to_string(rank) + " dimensions, shape " + describeShape(info.shape.data(), rank) +
               ", given " + std::to_string(givenRank) +
               (givenRank <= view.shape.size() ? ", shape " + describeShape(view.shape.data(), givenRank) : ""),
           ErrorKind::kShape);
  }
  if (!shapeMatches(info, view)) {
    refuse(model, role, info,
           "expected shape " + describeShape(info.shape.data(), rank) + ", given " +
               describeShape(view.shape.data(), rank) + (info.dynamicShape ? " (-1 stands for any size)" : ""),
           ErrorKind::kShape);
  }
}

void checkInput(const ModelInfo& model, const TensorInfo& input, const TensorView& view) {
  if (view.rank < 0) {
    std::string names;
    for (const TensorInfo& each : model.inputs) {
      names += (names.empty() ? "" : ", ") + each.name;
    }
    refuse(model, "input", input, "is missing; the model needs " + names);
  }
  requireKnownType(model, "input", input);
  checkTensor(model, "input", input, view);
}

void checkOutput(const ModelInfo& model, const TensorInfo& output, const TensorView* view) {
  requireKnownType(model, "output", output);
  if (view != nullptr && view->rank >= 0) {
    checkTensor(model, "output", output, *view);
  }
}

void checkCount(const ModelInfo& model, const char* role, std::size_t expected, std::size_t given) {
  if (given != expected) {
    throw Error(
        ErrorKind::kInput,
        place(model.name) + ": expected " + std::to_string(expected) + " " + role + "s, given " + std::to_string(given),
        {"", 0, "", model.name, ""});
  }
}

}  // namespace

void requireKnownType(const ModelInfo& model, const char* role, const TensorInfo& tensor) {
  if (elementSize(tensor.dtype) == 0) {
    refuse(model, role, tensor,
           "has the element type " + describeType(tensor.dtype) +
               ", of which this runtime can make no arrays; compile " + "the model with 8-bit " + role + "s");
  }
}

std::string describeType(DataType type) {
  const std::string numpy = numpyName(type);
  if (type < DataType::kS4 || type > DataType::kMax) {
    return std::to_string(static_cast<std::int32_t>(type)) + " (unknown to this version)";
  }
  return numpy.empty() ? dataTypeName(type) : numpy + " (" + dataTypeName(type) + ")";
}

std::string wrongType(DataType expected, const std::string& given) {
  // numpy.bool is missing in numpy 1.24 to 1.26.
  const std::string name = expected == DataType::kBool8 ? "bool_" : numpyName(expected);
  return "expected dtype " + describeType(expected) + ", given " + given +
         "; nothing is converted silently: use array.astype(numpy." + name + ")";
}

std::string describeShape(const std::int64_t* shape, std::size_t rank) {
  std::string text = "[";
  for (std::size_t i = 0; i < rank; ++i) {
    text += (i == 0 ? "" : ", ") + std::to_string(shape[i]);
  }
  return text + "]";
}

void checkTensors(const ModelInfo& model, const Call& call) {
  checkCount(model, "input", model.inputs.size(), call.inputs.size());
  for (std::size_t i = 0; i < call.inputs.size(); ++i) {
    checkInput(model, model.inputs[i], call.inputs[i]);
  }
  if (!call.outputs.empty()) {
    checkCount(model, "output", model.outputs.size(), call.outputs.size());
  }
  for (std::size_t i = 0; i < model.outputs.size(); ++i) {
    checkOutput(model, model.outputs[i], call.outputs.empty() ? nullptr : &call.outputs[i]);
  }
}

}  // namespace hbm
