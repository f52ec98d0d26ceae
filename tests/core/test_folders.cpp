// A folder stands for the model files in it.
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "null_model.hpp"

namespace fs = std::filesystem;
using hbm::ErrorKind;
using nullmodel::errorOf;

namespace {

class Folder {
 public:
  Folder() : path_(fs::temp_directory_path() / ("hbm_folders_" + std::to_string(getpid()))) {
    fs::remove_all(path_);
    fs::create_directory(path_);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }

  void add(const std::string& name) const { std::ofstream(path_ / name) << "model"; }
  [[nodiscard]] std::string path() const { return path_.string(); }

 private:
  fs::path path_;
};

}  // namespace

TEST(a_folder_stands_for_its_compiled_models_or_else_for_its_onnx_files) {
  testdriver::control().configure("");
  const Folder folder;
  const hbm::Error empty = errorOf([&] { const hbm::Runtime runtime({folder.path()}); });
  CHECK(empty.kind() == ErrorKind::kInput);
  CHECK(std::string(empty.what()).find("no .hbm file and no .onnx file") != std::string::npos);
  folder.add("b.onnx");
  folder.add("a.onnx");
  folder.add("c.onnx");
  folder.add("readme.txt");
  CHECK_EQ(hbm::Runtime({folder.path()}).fileDescriptions().size(), 3U);
  folder.add("z.hbm");
  CHECK_EQ(hbm::Runtime({folder.path()}).fileDescriptions().size(), 1U);
  CHECK_EQ(hbm::Runtime({folder.path(), "/proc/self/exe"}).fileDescriptions().size(), 2U);
}
