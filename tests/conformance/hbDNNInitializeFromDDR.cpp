#include <fstream>
#include <iterator>

#include "dnn_support.hpp"

using dnn::errorNames;

namespace {

std::string content(const std::string& name) {
  std::ifstream file(dnn::modelPath(name), std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::int32_t loadMemory(hbDNNPackedHandle_t* handle, const std::vector<std::string>& blobs) {
  std::vector<const void*> data;
  std::vector<std::int32_t> lengths;
  for (const std::string& blob : blobs) {
    data.push_back(blob.data());
    lengths.push_back(static_cast<std::int32_t>(blob.size()));
  }
  return hbDNNInitializeFromDDR(handle, data.data(), lengths.data(), static_cast<std::int32_t>(blobs.size()));
}

}  // namespace

TEST(models_come_from_memory_too) {
  hbDNNPackedHandle_t handle = nullptr;
  CHECK_EQ(loadMemory(&handle, {content("shared_weights.hbm"), content("metadata.onnx")}), HB_DNN_SUCCESS);
  const dnn::Packed packed(handle);
  CHECK(packed.names() == (std::vector<std::string>{"sum", "product", "the graph"}));
}

TEST(the_memory_may_be_freed_after_loading) {
  hbDNNPackedHandle_t handle = nullptr;
  {
    std::vector<std::string> blobs = {content("shared_weights.hbm"), content("affine.onnx")};
    CHECK_EQ(loadMemory(&handle, blobs), HB_DNN_SUCCESS);
    for (std::string& blob : blobs) {
      std::fill(blob.begin(), blob.end(), '\0');
    }
  }
  const dnn::Packed packed(handle);
  for (const auto& [model, factor, offset] : {std::tuple{"sum", 2.0, 1.0}, std::tuple{"graph", 2.0, 1.0}}) {
    dnn::Tensors tensors(packed.model(model));
    dnn::count<float>(tensors.inputs[0]);
    CHECK_EQ(dnn::run(packed.model(model), tensors), HB_DNN_SUCCESS);
    CHECK(dnn::counts<float>(tensors.outputs[0], factor, offset));
  }
}

TEST(memory_that_holds_no_model_is_refused) {
  const struct {
    std::string bytes;
    const char* text;
  } cases[] = {{content("vendor.hbm"), "neither an ONNX model nor a host model"},
               {content("cut.hbm"), "cut"},
               {content("changed.hbm"), "damaged"},
               {content("text.onnx"), "neither an ONNX model nor a host model"},
               {"x", "neither an ONNX model nor a host model"}};
  for (const auto& [bytes, text] : cases) {
    hbDNNPackedHandle_t handle = nullptr;
    CHECK_EQ(loadMemory(&handle, {bytes}), HB_DNN_INVALID_MODEL);
    CHECK(handle == nullptr);
    CHECK(errorNames(text));
    CHECK(errorNames("<memory:0>"));
  }
}

TEST(wrong_arguments_are_refused) {
  const std::string blob = content("affine.onnx");
  const void* data[] = {blob.data(), nullptr};
  std::int32_t lengths[] = {static_cast<std::int32_t>(blob.size()), 10};
  hbDNNPackedHandle_t handle = nullptr;
  CHECK_EQ(hbDNNInitializeFromDDR(nullptr, data, lengths, 1), HB_DNN_INVALID_ARGUMENT);
  CHECK_EQ(hbDNNInitializeFromDDR(&handle, nullptr, lengths, 1), HB_DNN_INVALID_ARGUMENT);
  CHECK_EQ(hbDNNInitializeFromDDR(&handle, data, nullptr, 1), HB_DNN_INVALID_ARGUMENT);
  CHECK_EQ(hbDNNInitializeFromDDR(&handle, data, lengths, 0), HB_DNN_INVALID_ARGUMENT);
  CHECK_EQ(hbDNNInitializeFromDDR(&handle, data, lengths, 2), HB_DNN_INVALID_ARGUMENT);
  for (const std::int32_t length : {0, -1}) {
    lengths[0] = length;
    CHECK_EQ(hbDNNInitializeFromDDR(&handle, data, lengths, 1), HB_DNN_INVALID_ARGUMENT);
  }
  CHECK(handle == nullptr);
}
