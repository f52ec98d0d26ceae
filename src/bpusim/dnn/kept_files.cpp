#include "kept_files.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include "error.hpp"
#include "files/written_file.hpp"
#include "tensor_types.hpp"

namespace bpusim {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const std::string& path, const std::string& why) {
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

// The head of a NumPy file, version 1.0: a Python dict as text, filled up to a multiple of 64 bytes.
[[nodiscard]] std::string head(std::int32_t type, const Layout& layout) {
  std::string shape;
  for (std::int32_t i = 0; i < layout.rank; ++i) {
    shape += std::to_string(layout.shape[i]) + ",";
  }
  std::string text =
      "{'descr': '" + std::string(tensorType(type).npy) + "', 'fortran_order': False, 'shape': (" + shape + "), }";
  constexpr std::size_t kFront = 10;
  constexpr std::size_t kAlignment = 64;
  text.resize((kFront + text.size() + kAlignment) / kAlignment * kAlignment - kFront, ' ');
  text.back() = '\n';
  const auto size = static_cast<std::uint16_t>(text.size());
  std::string front("\x93NUMPY\x01\x00", kFront - 2);
  front += static_cast<char>(size & 0xFFU);
  front += static_cast<char>(size >> 8U);
  return front + text;
}

}  // namespace

std::string keptFolder(const std::string& folder, std::string_view model, std::uint64_t run) {
  char number[24];
  std::snprintf(number, sizeof number, "%06llu", static_cast<unsigned long long>(run));
  const fs::path path = fs::path(folder) / fileName(model) / number;
  std::error_code error;
  fs::create_directories(path, error);
  if (error) {
    fail(path, error.message());
  }
  return path;
}

void writeKept(const std::string& folder, std::size_t index, std::string_view name, std::int32_t type,
               const Layout& layout, const void* dense) {
  const std::string path = folder + "/" + std::to_string(index) + "_" + fileName(name) + ".npy";
  const std::string front = head(type, layout);
  const std::string_view data(static_cast<const char*>(dense), static_cast<std::size_t>(denseSize(layout)));
  if (const int error = hbm::writeFile(path, {front, data}, hbm::Durability::kUntilPowerCut); error != 0) {
    fail(path, std::generic_category().message(error));
  }
}

}  // namespace bpusim
