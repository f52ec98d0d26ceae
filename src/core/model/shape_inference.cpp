#include "core/model/shape_inference.hpp"

#include "core/driver/status.hpp"
#include "core/model/device_layout.hpp"

namespace hbm {

bool delivers(const Driver& driver) { return driver.extensionFunction(&bpusimInterface::takeResults) != nullptr; }

std::vector<hbDNNTensorProperties> inferOutputs(const Model& model, const std::vector<TensorView>& inputs,
                                                bool trustDeclared) {
  std::vector<hbDNNTensor> tensors(inputs.size());
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    tensors[i].properties = completeProperties(model, TensorRole::kInput, i, inputs[i].shape.data());
  }
  return inferOutputs(model, tensors, trustDeclared);
}

std::vector<hbDNNTensorProperties> inferOutputs(const Model& model, const std::vector<hbDNNTensor>& inputs,
                                                bool trustDeclared) {
  const auto infer = model.driver.extensionFunction(&bpusimInterface::inferOutputProperties);
  if (infer == nullptr) {
    throw Error(ErrorKind::kUnsupported,
                place(model.info.name) + ": this driver cannot tell output shapes without running the model",
                {"", 0, "", model.info.name, ""});
  }
  std::vector<hbDNNTensorProperties> outputs(model.outputProperties.size());
  const std::int32_t status = infer(outputs.data(), inputs.data(), trustDeclared ? 1 : 0, model.handle);
  if (status != 0 && status != HB_UCP_OP_CMD_UNAVAILABLE) {
    throw inferenceError(model.driver, status, model.info.name);
  }
  return outputs;
}

}  // namespace hbm
