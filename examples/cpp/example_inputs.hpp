// Inputs for any model: arrays of ones, one for each input tensor.
#pragma once

#include <cstddef>
#include <cstdint>
#include <hbm_runtime/model_info.hpp>
#include <hbm_runtime/tensor.hpp>
#include <stdexcept>
#include <utility>
#include <vector>

// Owns the arrays that the views point into.
class ExampleInputs {
 public:
  explicit ExampleInputs(const hbm::ModelInfo& model) {
    for (const hbm::TensorInfo& input : model.inputs) {
      if (input.dynamicShape) {
        throw std::invalid_argument("input '" + input.name + "' has a dynamic shape: this example cannot choose one");
      }
      addArray(input);
    }
  }

  [[nodiscard]] const std::vector<hbm::TensorView>& views() const { return views_; }

 private:
  void addArray(const hbm::TensorInfo& input) {
    hbm::TensorView view;
    view.dtype = input.dtype;
    view.rank = static_cast<std::int32_t>(input.shape.size());
    auto bytes = static_cast<std::int64_t>(hbm::elementSize(input.dtype));
    for (std::size_t axis = input.shape.size(); axis-- > 0;) {  // a dense array, the last axis innermost
      view.shape[axis] = input.shape[axis];
      view.strides[axis] = bytes;
      bytes *= input.shape[axis];
    }
    const bool isFloat = input.dtype == hbm::DataType::kF32;
    std::vector<float> floats(isFloat ? static_cast<std::size_t>(bytes) / sizeof(float) : 0, 1.0F);
    std::vector<std::uint8_t> integers(isFloat ? 0 : static_cast<std::size_t>(bytes), 1);
    view.data = isFloat ? static_cast<const void*>(floats.data()) : integers.data();
    floats_.push_back(std::move(floats));  // moving a vector does not move its elements
    integers_.push_back(std::move(integers));
    views_.push_back(view);
  }

  std::vector<std::vector<float>> floats_;
  std::vector<std::vector<std::uint8_t>> integers_;
  std::vector<hbm::TensorView> views_;
};
