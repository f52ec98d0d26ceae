#include "core/request/call_check.hpp"

#include <algorithm>
#include <optional>

#include "core/driver/status.hpp"
#include "core/model/shape_inference.hpp"
#include "hbm_runtime/error.hpp"

namespace hbm {
namespace {

[[noreturn]] void refuse(const ModelInfo& model, const char* role, const TensorInfo& tensor, const std::string& text,
                         ErrorKind kind = ErrorKind::kInput) {
  throw Error(kind, place(model.name, role, tensor.name) + ": " + text, {"", 0, "", model.name, tensor.name});
}

bool shapeMatches(const std::vector<std::int64_t>& shape, const TensorView& view) {
  return shapeFits(shape, view.shape.data(), static_cast<std::size_t>(view.rank));
}

// What is wrong with a tensor's shape; "" when it fits.
std::string shapeMistake(const TensorInfo& info, const TensorView& view) {
  const auto rank = static_cast<std::size_t>(view.rank);
  std::vector<std::int64_t> given(rank);  // of more dimensions than a view holds the number is enough
  std::copy_n(view.shape.begin(), std::min(rank, view.shape.size()), given.begin());
  return wrongShape(info.shape, given);
}

// Names a wrong shape, too: callers that pass a picture often have both wrong.
void checkType(const ModelInfo& model, const char* role, const TensorInfo& info, const TensorView& view) {
  if (view.dtype != info.dtype) {
    const std::string shape = shapeMistake(info, view);
    refuse(model, role, info, wrongType(info.dtype, describeType(view.dtype)) + (shape.empty() ? "" : "; " + shape));
  }
}

void checkShape(const ModelInfo& model, const char* role, const TensorInfo& info, const TensorView& view) {
  if (!shapeMatches(info.shape, view)) {  // a text costs as much as all the rest of a small call
    refuse(model, role, info, shapeMistake(info, view), ErrorKind::kShape);
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
  checkType(model, "input", input, view);
  checkShape(model, "input", input, view);
}

// The output as the driver infers it from the inputs' shapes; nothing where only a run can tell.
std::optional<TensorInfo> inferred(const Model& model, const Call& call, std::size_t index) {
  std::vector<hbDNNTensorProperties> outputs;
  try {
    outputs = inferOutputs(model, call.inputs, false);
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::kShape) {
      throw;
    }
    return std::nullopt;
  }
  const hbDNNTensorShape& shape = outputs[index].validShape;
  // An engine also infers that nothing is left where the run has something: NonZero of a scalar.
  const bool empty = std::count(shape.dimensionSize, shape.dimensionSize + std::max(shape.numDimensions, 0), 0) != 0;
  if (shape.numDimensions < 0 || empty) {
    return std::nullopt;
  }
  TensorInfo info = model.info.outputs[index];
  info.shape.assign(shape.dimensionSize, shape.dimensionSize + shape.numDimensions);
  return info;
}

// Memory for an output: of the declared shape, or of the real one where the declaration is wrong.
void checkTarget(const Model& model, const Call& call, std::size_t index, Targets targets) {
  const TensorInfo& info = model.info.outputs[index];
  const TensorView& view = call.outputs[index];
  checkType(model.info, "output", info, view);
  if (shapeMatches(info.shape, view) || (model.delivers && targets == Targets::kWhereTheyFit)) {
    return;
  }
  if (!model.delivers || view.rank > kMaxDimensions) {
    checkShape(model.info, "output", info, view);
  } else if (const std::optional<TensorInfo> real = inferred(model, call, index)) {
    checkShape(model.info, "output", *real, view);
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

void checkTensors(const Model& model, const Call& call, Targets targets) {
  const ModelInfo& info = model.info;
  checkCount(info, "input", info.inputs.size(), call.inputs.size());
  for (std::size_t i = 0; i < call.inputs.size(); ++i) {
    checkInput(info, info.inputs[i], call.inputs[i]);
  }
  if (!call.outputs.empty()) {
    checkCount(info, "output", info.outputs.size(), call.outputs.size());
  }
  for (std::size_t i = 0; i < info.outputs.size(); ++i) {
    requireKnownType(info, "output", info.outputs[i]);
    if (!call.outputs.empty() && call.outputs[i].rank >= 0) {
      checkTarget(model, call, i, targets);
    }
  }
}

}  // namespace hbm
