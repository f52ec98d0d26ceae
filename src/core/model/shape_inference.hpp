// Output shapes for input shapes, from drivers that can tell them without a run.
#pragma once

#include <vector>

#include "core/model/model.hpp"

namespace hbm {

// True if the driver hands over results of any shape after a run: what it declares about outputs may then be wrong.
[[nodiscard]] bool delivers(const Driver& driver);

// The outputs' properties for inputs of these shapes. Where only a run can tell the shape, it is what the model
// declares; where that is incomplete, or with `trustDeclared` false, numDimensions is -1. Throws Error: kShape when the
// model cannot run with these shapes, kUnsupported when the driver cannot tell them.
[[nodiscard]] std::vector<hbDNNTensorProperties> inferOutputs(const Model& model, const std::vector<TensorView>& inputs,
                                                              bool trustDeclared);
[[nodiscard]] std::vector<hbDNNTensorProperties> inferOutputs(const Model& model,
                                                              const std::vector<hbDNNTensor>& inputs,
                                                              bool trustDeclared);

}  // namespace hbm
