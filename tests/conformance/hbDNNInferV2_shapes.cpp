// Shapes, strides and types of the caller's tensors.
#include <algorithm>

#include "dnn_support.hpp"

using dnn::errorNames;
using dnn::Packed;
using dnn::Tensors;

namespace {

using Change = std::function<void(Tensors&)>;

struct Mistake {
  const char* file;
  Change change;
  const char* text;
};

hbDNNTensorProperties& input(Tensors& tensors, std::size_t index = 0) { return tensors.inputs[index].properties; }
hbDNNTensorProperties& output(Tensors& tensors, std::size_t index = 0) { return tensors.outputs[index].properties; }

void fill(hbDNNTensorProperties& properties) { dnn::fillOpen(properties, {1, 4, 6, 1}); }

std::int32_t inferOnly(hbDNNHandle_t model, Tensors& tensors) {
  dnn::Task task;
  return hbDNNInferV2(&task.handle, tensors.outputs.data(), tensors.inputs.data(), model);
}

// The padding bytes of a tensor: those between its elements, up to the end of the outermost step.
std::vector<std::uint8_t> paddingOf(const hbDNNTensor& tensor) {
  const hbDNNTensorProperties& properties = tensor.properties;
  const std::int64_t element = properties.stride[properties.validShape.numDimensions - 1];
  std::vector<bool> used(static_cast<std::size_t>(properties.stride[0] * properties.validShape.dimensionSize[0]));
  dnn::forEach(properties.validShape, [&](const std::vector<std::int64_t>& index) {
    const auto* const at = &dnn::at<std::uint8_t>(tensor, index);
    const auto offset = at - static_cast<const std::uint8_t*>(tensor.sysMem.virAddr);
    std::fill_n(used.begin() + offset, element, true);
  });
  std::vector<std::uint8_t> padding;
  for (std::size_t i = 0; i < used.size(); ++i) {
    if (!used[i]) {
      padding.push_back(static_cast<const std::uint8_t*>(tensor.sysMem.virAddr)[i]);
    }
  }
  return padding;
}

}  // namespace

TEST(shapes_strides_and_types_that_do_not_fit_are_refused) {
  const Mistake mistakes[] = {
      {"affine.onnx", [](Tensors& t) { input(t).validShape.dimensionSize[1] = 4; },
       "(1, 4, 4), the model has (1, 3, 4)"},
      {"affine.onnx", [](Tensors& t) { input(t).validShape.numDimensions = 2; }, "(1, 3), the model has (1, 3, 4)"},
      {"affine.onnx", [](Tensors& t) { input(t).validShape.numDimensions = 11; }, "input 'x'"},
      {"affine.onnx", [](Tensors& t) { input(t).validShape.numDimensions = -1; }, "input 'x'"},
      {"affine.onnx", [](Tensors& t) { input(t).validShape.dimensionSize[0] = -1; }, "input 'x'"},
      {"affine.onnx", [](Tensors& t) { output(t).validShape.dimensionSize[2] = 5; }, "output 'y'"},
      {"affine.onnx", [](Tensors& t) { output(t).validShape.dimensionSize[2] = -1; }, "output 'y'"},
      {"affine.onnx", [](Tensors& t) { input(t).tensorType = HB_DNN_TENSOR_TYPE_S8; },
       "given as S8, the model has F32"},
      {"affine.onnx", [](Tensors& t) { output(t).tensorType = 99; }, "given as unknown, the model has F32"},
      {"affine.onnx", [](Tensors& t) { input(t).stride[1] = 12; }, "stride 1 is 12, at least 16"},
      {"affine.onnx", [](Tensors& t) { input(t).stride[0] = -1; }, "stride 0"},
      {"affine.onnx", [](Tensors& t) { input(t).stride[0] = -48; }, "stride 0 is -48"},
      {"affine.onnx", [](Tensors& t) { input(t).stride[2] = 8; }, "innermost stride is 8"},
      {"affine.onnx", [](Tensors& t) { input(t).stride[1] = INT64_MAX; }, "size does not fit"},
      {"affine.onnx",
       [](Tensors& t) {
         input(t).stride[0] = INT64_MAX;
         input(t).stride[1] = 1 << 20;
       },
       "input 'x'"},
      {"affine.onnx", [](Tensors& t) { output(t).stride[1] = 0; }, "output 'y': stride 1 is 0"},
      {"nv12.hbm", [](Tensors& t) { input(t).stride[1] = -1; }, "fill the dynamic stride 1"},
      {"nv12.hbm", [](Tensors& t) { input(t).stride[1] = 4; }, "stride 1 is 4, at least 6"},
      {"nv12.hbm",
       [](Tensors& t) {
         input(t).stride[1] = 48;
         input(t).stride[0] = 192;
       },
       "multiples of "},
      {"nv12.hbm", [](Tensors& t) { input(t, 1).stride[0] = 64; }, "image_uv': stride 0 is 64, at least 128"},
      {"resizer.hbm", [](Tensors& t) { input(t).validShape.dimensionSize[1] = -1; }, "fill the dynamic dimensions"},
      {"resizer.hbm", [](Tensors& t) { input(t).validShape.dimensionSize[1] = -2; }, "input 'x'"},
      {"resizer.hbm", [](Tensors& t) { output(t).validShape.dimensionSize[3] = 2; }, "output 'y'"},
  };
  for (const Mistake& mistake : mistakes) {
    const Packed packed({mistake.file});
    Tensors tensors(packed.model(), fill, fill);
    mistake.change(tensors);
    CHECK_EQ(inferOnly(packed.model(), tensors), HB_DNN_INVALID_ARGUMENT);
    CHECK(errorNames(mistake.text));
  }
}

TEST(padded_tensors_of_the_model_are_read_and_written_by_their_strides) {
  const Packed packed({"padded.hbm"});
  Tensors tensors(packed.model());
  dnn::count<float>(tensors.inputs[0]);
  CHECK_EQ(dnn::run(packed.model(), tensors), HB_DNN_SUCCESS);
  CHECK(dnn::counts<float>(tensors.outputs[0], 2, 1));
}

TEST(padding_of_outputs_is_zero) {
  const Packed packed({"padded.hbm"});
  Tensors tensors(packed.model());
  dnn::count<float>(tensors.inputs[0]);
  CHECK_EQ(dnn::run(packed.model(), tensors), HB_DNN_SUCCESS);
  const std::vector<std::uint8_t> padding = paddingOf(tensors.outputs[0]);
  CHECK_EQ(padding.size(), 512U - 120U);
  CHECK(std::all_of(padding.begin(), padding.end(), [](std::uint8_t byte) { return byte == 0; }));
  // What was allocated beyond the tensor stays as it was.
  CHECK_EQ(static_cast<const std::uint8_t*>(tensors.outputs[0].sysMem.virAddr)[512], 0xee);
}

TEST(callers_may_choose_natural_and_larger_strides) {
  const std::vector<std::vector<std::int64_t>> choices = {
      {60, 20, 4}, {96, 32, 4}, {60 + 4, 20, 4}, {256, 64, 4}, {1000, 100, 4}};
  for (const std::vector<std::int64_t>& in : choices) {
    for (const std::vector<std::int64_t>& out : choices) {
      const Packed packed({"padded.hbm"});
      const auto with = [](const std::vector<std::int64_t>& strides) {
        return [&strides](hbDNNTensorProperties& properties) {
          std::copy(strides.begin(), strides.end(), properties.stride);
          properties.alignedByteSize = -1;
        };
      };
      Tensors tensors(packed.model(), with(in), with(out));
      dnn::count<float>(tensors.inputs[0]);
      CHECK_EQ(dnn::run(packed.model(), tensors), HB_DNN_SUCCESS);
      CHECK(dnn::counts<float>(tensors.outputs[0], 2, 1));
    }
  }
}

TEST(gaps_that_the_caller_made_are_left_alone) {
  const Packed packed({"vector.onnx"});
  const Packed image({"affine.onnx"});
  Tensors tensors(image.model(), {}, [](hbDNNTensorProperties& properties) {
    properties.stride[1] = 40;
    properties.stride[0] = 120;
    properties.alignedByteSize = -1;
  });
  dnn::count<float>(tensors.inputs[0]);
  CHECK_EQ(dnn::run(image.model(), tensors), HB_DNN_SUCCESS);
  CHECK(dnn::counts<float>(tensors.outputs[0], 2, 1));
  const std::vector<std::uint8_t> gaps = paddingOf(tensors.outputs[0]);
  CHECK_EQ(gaps.size(), 72U);
  CHECK(std::all_of(gaps.begin(), gaps.end(), [](std::uint8_t byte) { return byte == 0xee; }));
}

TEST(an_image_comes_in_two_planes_with_strides_of_the_caller) {
  for (const std::int64_t alignment : {64, 128}) {
    const Packed packed({"nv12.hbm"});
    Tensors tensors(packed.model(), [&](hbDNNTensorProperties& p) { dnn::fillOpen(p, {}, alignment); });
    dnn::count<std::uint8_t>(tensors.inputs[0]);
    dnn::count<std::uint8_t>(tensors.inputs[1]);
    CHECK_EQ(dnn::run(packed.model(), tensors), HB_DNN_SUCCESS);
    CHECK(dnn::counts<float>(tensors.outputs[0], 1, 0));
    CHECK(dnn::counts<float>(tensors.outputs[1], 1, 0));
  }
}

TEST(a_crop_needs_no_copy) {
  // A 4 x 6 window out of an image of 16 rows of 64 bytes, at its lower right corner.
  const Packed packed({"nv12.hbm"});
  Tensors tensors(packed.model(), [](hbDNNTensorProperties& p) { dnn::fillOpen(p); });
  const dnn::Memory image(16 * 64);
  std::fill_n(image.bytes(), 16 * 64, std::uint8_t{200});
  hbDNNTensor& luma = tensors.inputs[0];
  luma.properties.stride[1] = 64;
  luma.properties.stride[0] = 4 * 64;
  const std::uint64_t offset = 12 * 64 + 58;
  luma.sysMem = image.window(offset, 16 * 64 - offset);
  dnn::count<std::uint8_t>(luma);
  dnn::count<std::uint8_t>(tensors.inputs[1]);
  CHECK_EQ(dnn::run(packed.model(), tensors), HB_DNN_SUCCESS);
  CHECK(dnn::counts<float>(tensors.outputs[0], 1, 0));
}

TEST(dynamic_dimensions_are_filled_by_the_caller) {
  const Packed packed({"dynamic.onnx"});
  for (const std::int32_t batch : {1, 2, 7, 100, 0}) {
    const auto shape = [&](hbDNNTensorProperties& properties) { dnn::fillOpen(properties, {batch, 3}); };
    Tensors tensors(packed.model(), shape, shape);
    dnn::count<float>(tensors.inputs[0]);
    CHECK_EQ(dnn::run(packed.model(), tensors), HB_DNN_SUCCESS);
    CHECK(dnn::counts<float>(tensors.outputs[0], 2, 1));
  }
}

TEST(dynamic_rows_of_an_onnx_file_may_be_dense_or_padded) {
  const Packed packed({"dynamic_image.onnx"});
  for (const std::int64_t alignment : {1, 4, 64}) {
    Tensors tensors(
        packed.model(), [&](hbDNNTensorProperties& p) { dnn::fillOpen(p, {1, 5, 7}, alignment); },
        [&](hbDNNTensorProperties& p) { dnn::fillOpen(p, {1, 5, 7}, alignment); });
    dnn::count<float>(tensors.inputs[0]);
    CHECK_EQ(dnn::run(packed.model(), tensors), HB_DNN_SUCCESS);
    CHECK(dnn::counts<float>(tensors.outputs[0], 2, 1));
  }
}
