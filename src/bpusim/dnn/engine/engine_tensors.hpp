// The tensors of a session, and the pairs of element types of driver and engine.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dnn/engine/ort_api.hpp"

namespace bpusim {

// A tensor of a graph as the engine reports it.
struct EngineTensor {
  std::string name;
  std::int32_t elementType = 0;      // of the engine, ort::ElementType; 0 when it is no tensor
  std::int32_t type;                 // hbDNNDataType, or -1 when it has no counterpart
  std::string typeText;              // for messages
  std::vector<std::int64_t> shape;   // -1 for a dynamic dimension; empty also when the engine knows no rank
  std::vector<std::string> symbols;  // names of dynamic dimensions, "" for none
};

[[nodiscard]] std::vector<EngineTensor> inputsOf(const ort::Session* session);
[[nodiscard]] std::vector<EngineTensor> outputsOf(const ort::Session* session);

// hbDNNDataType of an element type of the engine; -1 for none.
[[nodiscard]] std::int32_t driverType(std::int32_t type) noexcept;

// The engine's element type of a hbDNNDataType; 0 for none.
[[nodiscard]] std::int32_t engineType(std::int32_t type) noexcept;

[[nodiscard]] std::vector<std::int64_t> shapeOf(const ort::TensorInfo* info);

}  // namespace bpusim
