#include "hbm_runtime/print.hpp"

#include <ostream>

namespace hbm {

std::string toString(const std::vector<std::int64_t>& shape) {
  std::string text = "[";
  for (std::size_t i = 0; i < shape.size(); ++i) {
    text += (i == 0 ? "" : ", ") + std::to_string(shape[i]);
  }
  return text + "]";
}

std::ostream& operator<<(std::ostream& stream, DataType type) { return stream << dataTypeName(type); }

std::ostream& operator<<(std::ostream& stream, QuantType type) {
  switch (type) {
    case QuantType::kNone:
      return stream << "NONE";
    case QuantType::kScale:
      return stream << "SCALE";
  }
  return stream << "?";
}

std::ostream& operator<<(std::ostream& stream, const QuantInfo& quant) {
  stream << quant.type;
  if (quant.type == QuantType::kNone || quant.scales.empty()) {
    return stream;
  }
  if (quant.scales.size() > 1) {
    return stream << " axis " << quant.axis << ", " << quant.scales.size() << " scales";
  }
  stream << ' ' << quant.scales.front();
  if (!quant.zeroPoints.empty() && quant.zeroPoints.front() != 0) {
    stream << " zero point " << quant.zeroPoints.front();
  }
  return stream;
}

std::ostream& operator<<(std::ostream& stream, const TensorInfo& tensor) {
  stream << tensor.name << ": " << tensor.dtype << ' ' << toString(tensor.shape);
  if (tensor.quant.type != QuantType::kNone) {
    stream << ' ' << tensor.quant;
  }
  return stream;
}

std::ostream& operator<<(std::ostream& stream, const ModelInfo& model) {
  stream << model.name;
  if (model.compileCores > 1) {
    stream << " (" << model.compileCores << " cores)";
  }
  for (const TensorInfo& input : model.inputs) {
    stream << "\n  input " << input;
  }
  for (const TensorInfo& output : model.outputs) {
    stream << "\n  output " << output;
  }
  return stream;
}

std::ostream& operator<<(std::ostream& stream, const TensorView& view) {
  if (view.rank < 0 || view.rank > kMaxDimensions) {
    return stream << "no tensor";
  }
  return stream << view.dtype << ' ' << toString({view.shape.begin(), view.shape.begin() + view.rank});
}

std::ostream& operator<<(std::ostream& stream, const DeviceTensor& tensor) {
  return stream << tensor.dtype << ' ' << toString(tensor.shape);
}

std::ostream& operator<<(std::ostream& stream, const DriverInfo& driver) {
  return stream << driver.kind << ' ' << driver.dnnVersion << " (" << driver.soc << ')';
}

std::ostream& operator<<(std::ostream& stream, RequestState state) { return stream << requestStateName(state); }

}  // namespace hbm
