// What tensors, models and drivers are, as text for people.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "hbm_runtime/driver_info.hpp"
#include "hbm_runtime/export.hpp"
#include "hbm_runtime/model_info.hpp"
#include "hbm_runtime/request.hpp"
#include "hbm_runtime/tensor.hpp"

namespace hbm {

// "[1, 3, 224, 224]". Shapes are std::vector, for which this namespace cannot have an operator.
[[nodiscard]] HBM_API std::string toString(const std::vector<std::int64_t>& shape);

HBM_API std::ostream& operator<<(std::ostream& stream, DataType type);               // F32
HBM_API std::ostream& operator<<(std::ostream& stream, QuantType type);              // SCALE
HBM_API std::ostream& operator<<(std::ostream& stream, const QuantInfo& quant);      // SCALE axis 1, 64 scales
HBM_API std::ostream& operator<<(std::ostream& stream, const TensorInfo& tensor);    // image: F32 [1, 3, 224, 224]
HBM_API std::ostream& operator<<(std::ostream& stream, const ModelInfo& model);      // one line for each tensor
HBM_API std::ostream& operator<<(std::ostream& stream, const TensorView& view);      // F32 [1, 3, 224, 224]
HBM_API std::ostream& operator<<(std::ostream& stream, const DeviceTensor& tensor);  // F32 [1, 1000]
HBM_API std::ostream& operator<<(std::ostream& stream, const DriverInfo& driver);    // bpusim 3.13.6 (S600)
HBM_API std::ostream& operator<<(std::ostream& stream, RequestState state);          // running

}  // namespace hbm
