#include <fstream>

#include "dnn_support.hpp"

using dnn::errorNames;
using dnn::load;
using dnn::Packed;

namespace {

struct Refusal {
  const char* file;
  std::int32_t status;
  const char* text;  // part of what bpusim says
};

// What no driver may load, and what it says.
constexpr Refusal kRefusals[] = {
    {"no such file.hbm", HB_DNN_CAN_NOT_OPEN_FILE, "No such file"},
    {"no such folder/x.onnx", HB_DNN_CAN_NOT_OPEN_FILE, "No such file"},
    {".", HB_DNN_CAN_NOT_OPEN_FILE, "directory"},
    {"empty.onnx", HB_DNN_INVALID_MODEL, "empty"},
    {"empty.hbm", HB_DNN_INVALID_MODEL, "empty"},
    {"text.onnx", HB_DNN_INVALID_MODEL, "neither an ONNX model nor a host model"},
    {"cut.onnx", HB_DNN_INVALID_MODEL, "neither an ONNX model nor a host model"},
    {"vendor.hbm", HB_DNN_INCOMPATIBLE_MODEL, "hbm-runtime pack"},
    {"cut.hbm", HB_DNN_INVALID_MODEL, "cut"},
    {"changed.hbm", HB_DNN_INVALID_MODEL, "damaged"},
    {"damaged_magic.hbm", HB_DNN_INVALID_MODEL, "header is damaged"},
    {"refused_string.onnx", HB_DNN_INCOMPATIBLE_MODEL, "input 'x' is a string tensor"},
    {"refused_bfloat16.onnx", HB_DNN_INCOMPATIBLE_MODEL, "output 'y' is a bfloat16 tensor"},
    {"refused_sequence.onnx", HB_DNN_INCOMPATIBLE_MODEL, "output 'y' is a sequence"},
    {"refused_rank.onnx", HB_DNN_INCOMPATIBLE_MODEL, "input 'x' has 11 dimensions"},
    {"refused_no_shape.onnx", HB_DNN_INCOMPATIBLE_MODEL, "input 'x' declares no shape"},
    {"refused_version.onnx", HB_DNN_INCOMPATIBLE_MODEL, "IR version"},
    {"refused_operator.onnx", HB_DNN_INCOMPATIBLE_MODEL, "NoSuchOperator"},
    {"refused_graph.hbm", HB_DNN_INVALID_MODEL, "no ONNX model"},
    {"refused_name.hbm", HB_DNN_INVALID_MODEL, "input 'x' has no counterpart"},
    {"refused_type.hbm", HB_DNN_INVALID_MODEL, "S32 (4) in the file's table and F32 (4)"},
    {"refused_shape.hbm", HB_DNN_INVALID_MODEL, "F32 (5) in the file's table and F32 (4)"},
};

}  // namespace

TEST(what_cannot_be_loaded_is_refused_with_a_reason) {
  for (const Refusal& refusal : kRefusals) {
    hbDNNPackedHandle_t handle = dnn::invented<hbDNNPackedHandle_t>(5);
    CHECK_EQ(load(&handle, {refusal.file}), refusal.status);
    CHECK(errorNames(refusal.text));
    CHECK(errorNames(refusal.file));
    CHECK(handle == dnn::invented<hbDNNPackedHandle_t>(5));
  }
}

TEST(one_bad_file_refuses_them_all_and_leaves_nothing_behind) {
  hbDNNPackedHandle_t handle = nullptr;
  CHECK_EQ(load(&handle, {"affine.onnx", "vendor.hbm", "plain.hbm"}), HB_DNN_INCOMPATIBLE_MODEL);
  CHECK(handle == nullptr);
  if (dnn::extension() != nullptr) {
    bpusimLive live{};
    CHECK_EQ(dnn::extension()->getLive(&live), HB_UCP_SUCCESS);
    CHECK_EQ(live.packedModels, 0);
  }
}

TEST(wrong_arguments_are_refused) {
  const std::string path = dnn::modelPath("affine.onnx");
  const char* files[] = {path.c_str(), nullptr};
  hbDNNPackedHandle_t handle = nullptr;
  CHECK_EQ(hbDNNInitializeFromFiles(nullptr, files, 1), HB_DNN_INVALID_ARGUMENT);
  CHECK_EQ(hbDNNInitializeFromFiles(&handle, nullptr, 1), HB_DNN_INVALID_ARGUMENT);
  CHECK_EQ(hbDNNInitializeFromFiles(&handle, files, 0), HB_DNN_INVALID_ARGUMENT);
  CHECK_EQ(hbDNNInitializeFromFiles(&handle, files, -1), HB_DNN_INVALID_ARGUMENT);
  CHECK_EQ(hbDNNInitializeFromFiles(&handle, files, 2), HB_DNN_INVALID_ARGUMENT);
  CHECK(handle == nullptr);
}

TEST(several_files_give_all_their_models_in_order) {
  const Packed packed({"shared_weights.hbm", "affine.onnx", "plain.hbm"});
  CHECK(packed.names() == (std::vector<std::string>{"sum", "product", "affine", "plain"}));
}

TEST(the_content_decides_what_a_file_is) {
  CHECK(Packed({"host_inside.onnx"}).names().at(0) == "plain");
  CHECK(Packed({"onnx_inside.hbm"}).names().at(0) == "onnx_inside");
}

TEST(the_same_file_can_be_loaded_twice) {
  const Packed one({"plain.hbm"});
  const Packed other({"plain.hbm"});
  CHECK(one.get() != other.get());
  CHECK(one.model() != other.model());
}

TEST(models_of_the_same_name_are_listed_and_the_first_is_found) {
  const Packed packed({"affine.onnx", "elsewhere/affine.onnx", "affine.onnx"});
  CHECK(packed.names() == (std::vector<std::string>{"affine", "affine", "affine"}));
  CHECK(packed.model("affine") != nullptr);
}

TEST(weights_beside_an_onnx_file_are_found) {
  const Packed packed({"external.onnx"});
  dnn::Tensors tensors(packed.model());
  dnn::count<float>(tensors.inputs[0]);
  CHECK_EQ(dnn::run(packed.model(), tensors), HB_DNN_SUCCESS);
  CHECK(dnn::counts<float>(tensors.outputs[0], 2, 0));
}

TEST(a_pipe_is_refused_at_once) {
  hbDNNPackedHandle_t handle = nullptr;
  const char* files[] = {"/dev/zero"};
  CHECK_EQ(hbDNNInitializeFromFiles(&handle, files, 1), HB_DNN_CAN_NOT_OPEN_FILE);
  CHECK(errorNames("regular file"));
}
