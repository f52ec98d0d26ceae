// A caller's tensor, checked against the model: what the engine may read or write.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "dnn/base/tensor_layout.hpp"
#include "dnn/model/model_tensor.hpp"
#include "hobot/dnn/hb_dnn.h"

namespace bpusim {

struct TensorBinding {
  const ModelTensor* tensor = nullptr;
  void* data = nullptr;
  std::uint64_t window = 0;  // bytes that the caller gives
  bool hasMemory = false;    // false: nothing is read or written
  bool given = true;         // false: an output that the driver keeps memory for
  std::weak_ptr<const void> block;
  Layout layout;      // open (-1) only in outputs
  bool open = false;  // a dimension or stride is known only after the run
};

// Both throw Error with INVALID_ARGUMENT, or MEM_MAP_FAIL for memory that is not the driver's. An output that may be
// kept needs no memory.
[[nodiscard]] TensorBinding bindInput(const ModelTensor& tensor, const hbDNNTensor& given, const std::string& model);
[[nodiscard]] TensorBinding bindOutput(const ModelTensor& tensor, const hbDNNTensor& given, bool mayBeKept,
                                       const std::string& model);

// Throws Error when the shape does not suit the input or has dimensions that were left open.
void checkInputShape(const ModelTensor& tensor, const hbDNNTensorShape& shape, const std::string& model);

// Gives an output's binding its real shape, with strides that the caller left open made dense. Returns why the memory
// that was given does not suit it, "" when it does; then the binding is as it was.
[[nodiscard]] std::string closeBinding(TensorBinding& binding, const std::vector<std::int64_t>& shape);

// True if a result has the shape that the model declares.
[[nodiscard]] bool isDeclared(const ModelTensor& tensor, const std::vector<std::int64_t>& shape) noexcept;

// "(1, 3)"
[[nodiscard]] std::string shapeText(const std::vector<std::int64_t>& shape);
[[nodiscard]] std::string shapeText(const hbDNNTensorShape& shape);

}  // namespace bpusim
