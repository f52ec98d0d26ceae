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
    std::size_t count = 1;
    for (const std::int64_t size : input.shape) {
      count *= static_cast<std::size_t>(size);
    }
    const bool isFloat = input.dtype == hbm::DataType::kF32;
    std::vector<float> floats(isFloat ? count : 0, 1.0F);
    std::vector<std::uint8_t> bytes(isFloat ? 0 : count * hbm::elementSize(input.dtype), 1);
    const void* const data = isFloat ? static_cast<const void*>(floats.data()) : bytes.data();
    views_.push_back(hbm::denseView(data, input.dtype, input.shape));
    floats_.push_back(std::move(floats));  // moving a vector does not move its elements
    bytes_.push_back(std::move(bytes));
  }

  std::vector<std::vector<float>> floats_;
  std::vector<std::vector<std::uint8_t>> bytes_;
  std::vector<hbm::TensorView> views_;
};
