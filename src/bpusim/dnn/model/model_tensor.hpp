// One input or output of a model as the driver reports it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dnn/base/tensor_layout.hpp"
#include "dnn/engine/engine.hpp"
#include "dnn/files/host_file.hpp"
#include "hobot/dnn/hb_dnn.h"

namespace bpusim {

struct ModelTensor {
  std::string name;
  std::string graphName;
  std::string description;
  hbDNNTensorProperties properties{};  // points into the vectors below, which move with their memory
  std::vector<float> scales;
  std::vector<std::int32_t> zeroPoints;
  std::vector<std::string> symbols;
  bool dynamic = false;         // a dimension or a stride is -1
  bool rankKnown = true;        // else the output's shape is known only after a run
  bool alignedStrides = false;  // strides that the caller fills must suit the SoC

  ModelTensor() = default;
  ModelTensor(ModelTensor&&) = default;
  ModelTensor& operator=(ModelTensor&&) = default;
};

// Bytes to allocate for a tensor of an ONNX file whose dense size is given.
[[nodiscard]] std::int64_t paddedSize(std::int64_t size) noexcept;

// How a result of this shape lies in device memory: in the model's strides as far as they suit the shape, rows padded
// as the SoC wants them where the caller would have to do that. Throws Error (RUN_TASK_FAILED) for a shape that no
// tensor of the driver can have.
[[nodiscard]] Layout layoutOf(const ModelTensor& tensor, const std::vector<std::int64_t>& shape);

// The model's properties with the shape and strides of a result. alignedByteSize is what whole rows take.
[[nodiscard]] hbDNNTensorProperties propertiesOf(const ModelTensor& tensor, const Layout& layout);

// From the table of a host model. `where` starts the texts of errors.
[[nodiscard]] ModelTensor tensorOf(const HostTensor& table, const EngineTensor& graph, bool output,
                                   const std::string& where);

// As an ONNX graph declares it. The shape of an output that declares one that no tensor can have is left to the run.
[[nodiscard]] ModelTensor tensorOf(const EngineTensor& graph, bool output, const std::string& where);

// Makes an output one whose rank and shape are known only after a run.
void leaveShapeToRun(ModelTensor& tensor);

}  // namespace bpusim
