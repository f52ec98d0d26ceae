// Graphs that engine plug-ins may compute otherwise than ONNX Runtime itself.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "dnn/engine/engine_tensors.hpp"

namespace bpusim {

// Why plug-ins shall not compute a serialized model, for people; "" when they may. `tensors` are the graph's inputs and
// what its nodes compute, as far as it is known.
[[nodiscard]] std::string whyNoPlugin(std::string_view model, const std::vector<EngineTensor>& tensors);

}  // namespace bpusim
