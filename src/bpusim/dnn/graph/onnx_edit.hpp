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

// The model with its external weights, `size` bytes, at `begin` of a file instead. Throws Error when they are named in
// a way that leads out of them.
[[nodiscard]] std::string withWeightsIn(std::string_view model, std::string_view file, std::uint64_t begin,
                                        std::uint64_t size);

// A TensorProto whose values lie in another file.
[[nodiscard]] std::string withLocation(std::string_view constant, std::string_view location);

}  // namespace bpusim
