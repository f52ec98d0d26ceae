// Changes to a serialized ONNX model that need no knowledge of its nodes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bpusim {

// The model with tensors of its graph as further outputs.
[[nodiscard]] std::string withOutputs(std::string_view model, const std::vector<std::string>& names);

struct InputShape {
  std::string_view name;
  std::vector<std::int64_t> shape;
};

// The model with fixed input shapes, and without what it says about the shapes of all other tensors.
[[nodiscard]] std::string withInputShapes(std::string_view model, const std::vector<InputShape>& inputs);

}  // namespace bpusim
