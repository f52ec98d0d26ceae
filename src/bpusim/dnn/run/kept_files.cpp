#include "dnn/run/kept_files.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include "dnn/base/error.hpp"
#include "dnn/base/tensor_types.hpp"
#include "files/written_file.hpp"
#include "npy_header.hpp"

namespace bpusim {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void throwCannotWrite(const std::string& path, const std::string& why) {
  throw Error(HB_DNN_RUN_TASK_FAILED, "the kept tensors cannot be written to '" + path + "': " + why);
}

[[nodiscard]] std::string fileName(std::string_view name) {
  std::string safe(name);
  const auto fit = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
  };
  std::replace_if(safe.begin(), safe.end(), [&](char c) { return !fit(c); }, '_');
  constexpr std::size_t kLongest = 200;
  return safe.substr(0, kLongest);
}

}  // namespace

std::string keptFolder(const std::string& folder, std::string_view model, std::uint64_t run) {
  char number[24];
  std::snprintf(number, sizeof number, "%06llu", static_cast<unsigned long long>(run));
  const fs::path path = fs::path(folder) / fileName(model) / number;
  std::error_code error;
  fs::create_directories(path, error);
  if (error) {
    throwCannotWrite(path, error.message());
  }
  return path;
}

void writeKept(const std::string& folder, std::size_t index, std::string_view name, std::int32_t type,
               const Layout& layout, const void* dense) {
  const std::string path = folder + "/" + std::to_string(index) + "_" + fileName(name) + ".npy";
  const std::string front = hbm::npyHeader(tensorType(type).npy, layout.shape, layout.rank);
  const std::string_view data(static_cast<const char*>(dense), static_cast<std::size_t>(denseSize(layout)));
  if (const int error = hbm::writeFile(path, {front, data}, hbm::Durability::kUntilPowerCut); error != 0) {
    throwCannotWrite(path, std::generic_category().message(error));
  }
}

}  // namespace bpusim
