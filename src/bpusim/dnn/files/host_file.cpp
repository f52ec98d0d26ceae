#include "dnn/files/host_file.hpp"

#include <algorithm>
#include <cstring>
#include <string>
#include <unordered_set>

#include "dnn/files/byte_reader.hpp"
#include "dnn/files/host_file_rules.hpp"
#include "dnn/files/xxh64.hpp"

namespace bpusim {
namespace {

constexpr std::string_view kMagic("\x89HBMH\r\n\x1a", 8);
constexpr std::uint32_t kVersion = 1;
constexpr std::uint64_t kHeaderSize = 64;
constexpr std::uint64_t kBlobAlignment = 4096;
// Parsed values take up to four times the directory's bytes: this keeps them in bounds.
constexpr std::uint64_t kLargestDirectory = 16U << 20U;
constexpr std::uint32_t kNoBlob = 0xffffffffU;
// The fewest bytes that one element of a list takes.
constexpr std::size_t kMinBlob = 24;
constexpr std::size_t kMinModel = 32;
constexpr std::size_t kMinTensor = 48;
constexpr std::size_t kMinOperation = 8;

[[nodiscard]] bool allZero(std::string_view bytes) noexcept {
  return std::all_of(bytes.begin(), bytes.end(), [](char byte) { return byte == 0; });
}

// The directory's bytes.
[[nodiscard]] std::string_view readHeader(std::string_view file) {
  if (file.size() < kHeaderSize) {
    throw HostFileError("the file is cut: " + std::to_string(file.size()) + " bytes, the header alone has 64");
  }
  ByteReader header(file.substr(0, kHeaderSize));
  const std::string_view magic = header.take(kMagic.size());
  const auto version = header.number<std::uint32_t>();
  const auto flags = header.number<std::uint32_t>();
  const auto size = header.number<std::uint64_t>();
  const auto offset = header.number<std::uint64_t>();
  const auto length = header.number<std::uint64_t>();
  const auto directoryChecksum = header.number<std::uint64_t>();
  const auto reserved = header.number<std::uint64_t>();
  if (magic != kMagic || header.number<std::uint64_t>() != xxh64Of(file.substr(0, 56))) {
    throw HostFileError("the header is damaged");
  }
  if (version != kVersion) {
    throw HostFileError("the format version is " + std::to_string(version) +
                        ", this library reads version 1; pack the model again");
  }
  if (flags != 0 || reserved != 0 || offset != kHeaderSize) {
    throw HostFileError("the header has values that version 1 of the format does not know");
  }
  if (size != file.size()) {
    throw HostFileError("the file has " + std::to_string(file.size()) + " bytes and says that it has " +
                        std::to_string(size) + "; it was cut or extended");
  }
  if (length > file.size() - kHeaderSize || length > kLargestDirectory) {
    throw HostFileError("the directory's size of " + std::to_string(length) + " bytes is impossible");
  }
  const std::string_view directory = file.substr(kHeaderSize, static_cast<std::size_t>(length));
  if (xxh64Of(directory) != directoryChecksum) {
    throw HostFileError("the directory is damaged");
  }
  return directory;
}

[[nodiscard]] std::vector<std::string_view> readBlobs(ByteReader& reader, std::string_view file, std::size_t end) {
  std::vector<std::string_view> blobs(reader.count(kMinBlob));
  for (std::size_t i = 0; i < blobs.size(); ++i) {
    const auto offset = reader.number<std::uint64_t>();
    const auto size = reader.number<std::uint64_t>();
    const auto checksum = reader.number<std::uint64_t>();
    if (offset % kBlobAlignment != 0 || offset < end || offset >= file.size() || size == 0 ||
        size > file.size() - offset) {
      throw HostFileError("blob " + std::to_string(i) + " lies at an impossible place");
    }
    const auto start = static_cast<std::size_t>(offset);
    blobs[i] = file.substr(start, static_cast<std::size_t>(size));
    if (!allZero(file.substr(end, start - end))) {
      throw HostFileError("bytes that belong to nothing are not zero before blob " + std::to_string(i));
    }
    if (xxh64Of(blobs[i]) != checksum) {
      throw HostFileError("blob " + std::to_string(i) + " is damaged");
    }
    end = start + blobs[i].size();
  }
  if (end != file.size()) {
    throw HostFileError("the file goes on after its last part");
  }
  return blobs;
}

[[nodiscard]] HostTensor readTensor(ByteReader& reader) {
  HostTensor tensor;
  tensor.name = reader.bytes();
  tensor.graphName = reader.bytes();
  tensor.description = reader.bytes();
  tensor.dataType = reader.number<std::int32_t>();
  tensor.shape = reader.numbers<std::int64_t>();
  tensor.strides = reader.numbers<std::int64_t>();
  tensor.alignedSize = reader.number<std::int64_t>();
  tensor.quantiType = reader.number<std::int32_t>();
  tensor.quantiAxis = reader.number<std::int32_t>();
  tensor.scales = reader.numbers<float>();
  tensor.zeroPoints = reader.numbers<std::int32_t>();
  return tensor;
}

[[nodiscard]] std::vector<HostTensor> readTensors(ByteReader& reader, const std::string& model, bool outputs) {
  const std::string kind = outputs ? "output" : "input";
  std::vector<HostTensor> tensors;
  std::unordered_set<std::string_view> names;
  for (std::uint32_t left = reader.count(kMinTensor); left > 0; --left) {
    tensors.push_back(readTensor(reader));
    const std::string where = model + ", " + kind + " '" + std::string(tensors.back().name) + "'";
    checkTensor(tensors.back(), outputs, where);
    if (!names.insert(tensors.back().name).second) {
      throw HostFileError(where + ": the name occurs twice");
    }
  }
  return tensors;
}

[[nodiscard]] std::string_view blobAt(const std::vector<std::string_view>& blobs, std::uint32_t index,
                                      const std::string& model) {
  if (index >= blobs.size()) {
    throw HostFileError(model + " names blob " + std::to_string(index) + " of " + std::to_string(blobs.size()));
  }
  return blobs[index];
}

[[nodiscard]] HostModel readModel(ByteReader& reader, const std::vector<std::string_view>& blobs) {
  HostModel model;
  model.name = reader.bytes();
  checkName(model.name, "the name of a model");
  const std::string where = "model '" + std::string(model.name) + "'";
  model.description = reader.bytes();
  const auto cores = reader.number<std::uint32_t>();
  if (cores < 1 || cores > 4) {
    throw HostFileError(where + ": its core number is " + std::to_string(cores));
  }
  model.cores = static_cast<std::int32_t>(cores);
  model.graph = blobAt(blobs, reader.number<std::uint32_t>(), where);
  if (const auto weights = reader.number<std::uint32_t>(); weights != kNoBlob) {
    model.weights = blobAt(blobs, weights, where);
  }
  model.inputs = readTensors(reader, where, false);
  model.outputs = readTensors(reader, where, true);
  if (model.outputs.empty()) {
    throw HostFileError(where + " has no outputs");
  }
  for (std::uint32_t left = reader.count(kMinOperation); left > 0; --left) {
    const std::string_view name = reader.bytes();
    const std::string_view type = reader.bytes();
    checkText(name, where + ": the name of an operation");
    checkText(type, where + ": the type of an operation");
    model.operations.push_back({name, type});
  }
  return model;
}

}  // namespace

bool looksLikeHostFile(std::string_view file) noexcept {
  std::size_t same = 0;
  for (std::size_t i = 0; i < std::min(file.size(), kMagic.size()); ++i) {
    same += file[i] == kMagic[i] ? 1U : 0U;
  }
  return file.size() >= kMagic.size() ? same + 2 >= kMagic.size() : !file.empty() && same == file.size();
}

HostFile readHostFile(std::string_view file) {
  const std::string_view directory = readHeader(file);
  ByteReader reader(directory);
  HostFile content;
  content.description = reader.bytes();
  content.march = reader.bytes();
  content.producer = reader.bytes();
  checkText(content.march, "the march");
  checkText(content.producer, "the producer");
  const std::vector<std::string_view> blobs = readBlobs(reader, file, kHeaderSize + directory.size());
  std::unordered_set<std::string_view> names;
  for (std::uint32_t left = reader.count(kMinModel); left > 0; --left) {
    content.models.push_back(readModel(reader, blobs));
    if (!names.insert(content.models.back().name).second) {
      throw HostFileError("two models have the name '" + std::string(content.models.back().name) + "'");
    }
  }
  if (content.models.empty()) {
    throw HostFileError("the file holds no model");
  }
  if (reader.left() != 0) {
    throw HostFileError("the directory goes on after its last model");
  }
  return content;
}

}  // namespace bpusim
