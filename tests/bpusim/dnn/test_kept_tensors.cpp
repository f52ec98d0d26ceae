// Intermediate tensors that become outputs, and files.
#include <unistd.h>

#include <filesystem>
#include <string>

#include "bpusim/dnn/load_options_scope.hpp"
#include "conformance/dnn_support.hpp"

using dnn::driver;
using dnn::errorNames;
using dnn::Options;
using dnn::Packed;
using dnn::Tensors;

TEST(a_star_keeps_every_tensor_and_a_folder_gets_them) {
  const std::string folder = (std::filesystem::temp_directory_path() / ("kept" + std::to_string(getpid()))).string();
  const char* const all[] = {"*"};
  bpusimLoadOptions keep{};
  keep.keep = all;
  keep.keepFolder = folder.c_str();
  CHECK_EQ(Options::set(keep), HB_UCP_INVALID_ARGUMENT);  // nothing to keep
  keep.keepCount = 1;
  const Options options(keep);
  const Packed packed({"affine.onnx"});
  Tensors tensors(packed.model());
  CHECK_EQ(tensors.outputs.size(), 2U);
  CHECK_EQ(dnn::run(packed.model(), tensors), HB_DNN_SUCCESS);
  CHECK_EQ(dnn::run(packed.model(), tensors), HB_DNN_SUCCESS);
  int files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    files += entry.path().extension() == ".npy" ? 1 : 0;
  }
  CHECK_EQ(files, 2);
  std::filesystem::remove_all(folder);
}

TEST(names_to_keep_have_to_be_intermediate_tensors) {
  for (const char* const wrong : {"nothing", "x", "y", "f"}) {
    const char* const names[] = {"t", wrong};
    bpusimLoadOptions keep{};
    keep.keep = names;
    keep.keepCount = 2;
    const Options options(keep);
    hbDNNPackedHandle_t handle = nullptr;
    CHECK_EQ(dnn::load(&handle, {"affine.onnx"}), HB_DNN_INVALID_ARGUMENT);
    CHECK(errorNames("'" + std::string(wrong) + "' in keep"));
  }
}
