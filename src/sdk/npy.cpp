#include "hbm_runtime/npy.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <system_error>

#include "core/memory/copy.hpp"
#include "core/model/types.hpp"
#include "files/written_file.hpp"
#include "hbm_runtime/error.hpp"
#include "npy_header.hpp"
#include "strided.hpp"

namespace hbm {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr std::size_t kLongestHeader = 1U << 20U;  // far beyond ten dimensions; keeps a damaged file from taking memory

[[noreturn]] void throwError(ErrorKind kind, const std::string& path, const std::string& text) {
  throw Error(kind, "'" + path + "': " + text);
}

[[noreturn]] void damaged(const std::string& path) {
  throwError(ErrorKind::kContainer, path, "this is no .npy file, or it is damaged");
}

// What follows `'key':` in the header, without blanks.
std::string_view valueOf(std::string_view header, std::string_view key, const std::string& path) {
  const std::string quoted = "'" + std::string(key) + "':";
  const std::size_t at = header.find(quoted);
  if (at == std::string_view::npos) {
    damaged(path);
  }
  header.remove_prefix(at + quoted.size());
  header.remove_prefix(std::min(header.find_first_not_of(' '), header.size()));
  return header;
}

DataType dtypeOf(std::string_view header, const std::string& path) {
  const std::string_view value = valueOf(header, "descr", path);
  const std::size_t end = value.empty() ? std::string_view::npos : value.find('\'', 1);
  if (end == std::string_view::npos || value.front() != '\'') {
    throwError(ErrorKind::kUnsupported, path, "no tensor has the element type of this array");
  }
  const std::string_view text = value.substr(1, end - 1);
  for (std::int32_t number = 0; number < static_cast<std::int32_t>(DataType::kMax); ++number) {
    const auto type = static_cast<DataType>(number);
    if (!text.empty() && text == npyName(type)) {
      return type;
    }
  }
  throwError(ErrorKind::kUnsupported, path, "no tensor has the element type '" + std::string(text) + "'");
}

std::vector<std::int64_t> shapeOf(std::string_view header, const std::string& path) {
  std::string_view rest = valueOf(header, "shape", path);
  const std::size_t end = rest.find(')');
  if (rest.empty() || rest.front() != '(' || end == std::string_view::npos) {
    damaged(path);
  }
  rest = rest.substr(1, end - 1);
  std::vector<std::int64_t> shape;
  while (rest.find_first_not_of(", ") != std::string_view::npos) {
    rest.remove_prefix(rest.find_first_not_of(", "));
    std::int64_t size = 0;
    const auto [last, error] = std::from_chars(rest.data(), rest.data() + rest.size(), size);
    if (error != std::errc() || size < 0) {
      damaged(path);
    }
    shape.push_back(size);
    rest.remove_prefix(static_cast<std::size_t>(last - rest.data()));
  }
  if (shape.size() > static_cast<std::size_t>(kMaxDimensions)) {
    throwError(ErrorKind::kUnsupported, path, "tensors have at most " + std::to_string(kMaxDimensions) + " dimensions");
  }
  return shape;
}

// Bytes of a dense array; throws Error (kContainer) when no memory could hold it.
std::size_t byteCount(const NpyArray& array, const std::string& path) {
  std::size_t bytes = elementSize(array.dtype);
  for (const std::int64_t size : array.shape) {
    if (__builtin_mul_overflow(bytes, static_cast<std::size_t>(size), &bytes)) {
      damaged(path);
    }
  }
  return bytes;
}

std::string headerOf(std::ifstream& file, const std::string& path) {
  std::array<char, 8> begin{};
  file.read(begin.data(), begin.size());
  const auto version = static_cast<unsigned char>(begin[6]);
  if (!file || std::string_view(begin.data(), kMagic.size()) != kMagic || version < 1 || version > 3) {
    damaged(path);
  }
  std::array<unsigned char, 4> length{};
  file.read(reinterpret_cast<char*>(length.data()), version == 1 ? 2 : 4);
  const std::size_t size = length[0] | (static_cast<std::size_t>(length[1]) << 8U) |
                           (static_cast<std::size_t>(length[2]) << 16U) | (static_cast<std::size_t>(length[3]) << 24U);
  if (!file || size > kLongestHeader) {
    damaged(path);
  }
  std::string header(size, '\0');
  file.read(header.data(), static_cast<std::streamsize>(size));
  if (!file) {
    damaged(path);
  }
  return header;
}

std::vector<std::byte> denseBytes(const TensorView& view) {
  const auto element = static_cast<std::int64_t>(elementSize(view.dtype));
  std::array<std::int64_t, kMaxDimensions> strides{};
  strided::fillDense(view.shape.data(), strides.data(), view.rank, element);
  const std::int64_t bytes = strided::denseSize(view.shape.data(), view.rank, element);
  std::vector<std::byte> dense(static_cast<std::size_t>(bytes));
  if (bytes > 0) {
    copyElements(dense.data(), strides.data(), view.data, view.strides.data(), view.shape.data(), view.rank, element);
  }
  return dense;
}

}  // namespace

TensorView NpyArray::view() const {
  TensorView view = denseView(data.data(), dtype, shape);
  if (fortranOrder) {
    auto stride = static_cast<std::int64_t>(elementSize(dtype));
    for (std::size_t i = 0; i < shape.size(); ++i) {
      view.strides[i] = stride;
      stride *= shape[i];
    }
  }
  return view;
}

NpyArray loadNpy(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    std::error_code error;
    const bool there = fs::exists(path, error);
    throwError(there ? ErrorKind::kIo : ErrorKind::kFileNotFound, path, there ? "cannot be read" : "no such file");
  }
  const std::string header = headerOf(file, path);
  NpyArray array;
  array.dtype = dtypeOf(header, path);
  array.shape = shapeOf(header, path);
  array.fortranOrder = valueOf(header, "fortran_order", path).rfind("True", 0) == 0;
  const std::size_t bytes = byteCount(array, path);
  // Before memory is taken: a damaged header may promise more than the file has.
  const auto begin = file.tellg();
  file.seekg(0, std::ios::end);
  if (!file || static_cast<std::uint64_t>(file.tellg() - begin) < bytes) {
    damaged(path);
  }
  file.seekg(begin);
  array.data.resize(bytes);
  file.read(reinterpret_cast<char*>(array.data.data()), static_cast<std::streamsize>(bytes));
  if (!file) {
    throwError(ErrorKind::kIo, path, "cannot be read");
  }
  return array;
}

void saveNpy(const std::string& path, const TensorView& view) {
  if (view.rank < 0 || view.rank > kMaxDimensions || numpyName(view.dtype)[0] == '\0') {
    throwError(ErrorKind::kInput, path, "there is no tensor to write, or numpy has no element type for it");
  }
  const std::string header = npyHeader(npyName(view.dtype), view.shape.data(), view.rank);
  const std::vector<std::byte> dense = denseBytes(view);
  const std::string_view data(reinterpret_cast<const char*>(dense.data()), dense.size());
  if (const int error = writeFile(path, {header, data}); error != 0) {
    throwError(ErrorKind::kIo, path, "cannot be written: " + std::generic_category().message(error));
  }
}

void saveNpy(const std::string& path, const DeviceTensor& tensor) { saveNpy(path, viewOf(tensor)); }

}  // namespace hbm
