// Output shapes for given input shapes, without running the model.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "dnn/model/model_tensor.hpp"
#include "hobot/dnn/hb_dnn.h"

namespace bpusim {

struct Model;

using Shape = std::vector<std::int64_t>;
// One entry for each output; nothing where the shape depends on the data.
using OutputShapes = std::vector<std::optional<Shape>>;

// Remembers the output shapes that the engine inferred for the input shapes of a model. Thread-safe.
class ShapeCache {
 public:
  // Null when these input shapes were not asked for.
  [[nodiscard]] std::shared_ptr<const OutputShapes> find(const std::vector<Shape>& inputs) const;
  void add(const std::vector<Shape>& inputs, std::shared_ptr<const OutputShapes> outputs);

 private:
  static constexpr std::size_t kCapacity = 256;

  mutable std::mutex mutex_;
  std::map<std::vector<Shape>, std::shared_ptr<const OutputShapes>> known_;
};

// Asks the engine, once for the same input shapes. Throws Error when the shapes do not suit the model.
[[nodiscard]] std::shared_ptr<const OutputShapes> outputShapes(const Model& model, const std::vector<Shape>& inputs);

}  // namespace bpusim
