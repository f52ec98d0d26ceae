#include "core/input_check.hpp"

#include "core/status.hpp"
#include "hbm_runtime/error.hpp"

namespace hbm {
namespace {

[[noreturn]] void refuse(const ModelInfo& model, const TensorInfo& input, const std::string& text) {
  throw Error(ErrorKind::kInput, place(model.name, "input", input.name) + ": " + text,
              {"", 0, "", model.name, input.name});
}

bool shapeMatches(const TensorInfo& input, const TensorView& view) {
  for (std::size_t i = 0; i < input.shape.size(); ++i) {
    if (input.shape[i] >= 0 && input.shape[i] != view.shape[i]) {
      return false;
    }
  }
  return true;
}

void checkInput(const ModelInfo& model, const TensorInfo& input, const TensorView& view) {
  if (view.rank < 0) {
    std::string names;
    for (const TensorInfo& each : model.inputs) {
      names += (names.empty() ? "" : ", ") + each.name;
    }
    refuse(model, input, "is missing; the model needs " + names);
  }
  if (elementSize(input.dtype) == 0) {
    refuse(model, input, "has the element type " + std::string(dataTypeName(input.dtype)) +
                             ", which this runtime cannot feed yet; compile the model with 8-bit inputs");
  }
  if (view.dtype != input.dtype) {
    refuse(model, input,
           "expected dtype " + describeType(input.dtype) + ", given " + describeType(view.dtype) +
               "; nothing is converted silently: use array.astype(numpy." + numpyName(input.dtype) + ")");
  }
  const std::size_t rank = input.shape.size();
  const auto givenRank = static_cast<std::size_t>(view.rank);
  if (givenRank != rank) {
    refuse(model, input,
           "expected " + std::to_string(rank) + " dimensions, shape " + describeShape(input.shape.data(), rank) +
               ", given " + std::to_string(givenRank) +
               (givenRank <= static_cast<std::size_t>(kMaxDimensions)
                    ? ", shape " + describeShape(view.shape.data(), givenRank)
                    : ""));
  }
  if (!shapeMatches(input, view)) {
    refuse(model, input,
           "expected shape " + describeShape(input.shape.data(), rank) + ", given " +
               describeShape(view.shape.data(), rank) + (input.dynamicShape ? " (-1 stands for any size)" : ""));
  }
}

}  // namespace

std::string describeType(DataType type) {
  const std::string numpy = numpyName(type);
  return numpy.empty() ? dataTypeName(type) : numpy + " (" + dataTypeName(type) + ")";
}

std::string describeShape(const std::int64_t* shape, std::size_t rank) {
  std::string text = "[";
  for (std::size_t i = 0; i < rank; ++i) {
    text += (i == 0 ? "" : ", ") + std::to_string(shape[i]);
  }
  return text + "]";
}

void checkInputs(const ModelInfo& model, const std::vector<TensorView>& inputs) {
  if (inputs.size() != model.inputs.size()) {
    throw Error(ErrorKind::kInput,
                place(model.name) + ": expected " + std::to_string(model.inputs.size()) + " inputs, given " +
                    std::to_string(inputs.size()),
                {"", 0, "", model.name, ""});
  }
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    checkInput(model, model.inputs[i], inputs[i]);
  }
  for (const TensorInfo& output : model.outputs) {
    if (elementSize(output.dtype) == 0) {
      throw Error(ErrorKind::kInput,
                  place(model.name, "output", output.name) + ": has the element type " + dataTypeName(output.dtype) +
                      ", which this runtime cannot return yet; compile the model with 8-bit outputs",
                  {"", 0, "", model.name, output.name});
    }
  }
}

}  // namespace hbm
