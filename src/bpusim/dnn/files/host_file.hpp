// Reads the container of host models, docs/internals/host-model-format.md. Nothing in a file is trusted: everything is
// checked before it is used, and nothing outside the given bytes is looked at.
#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <vector>

namespace bpusim {

// What is wrong with a file, for people.
class HostFileError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Views are into the file's bytes.
struct HostTensor {
  std::string_view name;
  std::string_view graphName;
  std::string_view description;
  std::int32_t dataType;
  std::vector<std::int64_t> shape;
  std::vector<std::int64_t> strides;
  std::int64_t alignedSize;
  std::int32_t quantiType;
  std::int32_t quantiAxis;
  std::vector<float> scales;
  std::vector<std::int32_t> zeroPoints;
};

// For an output: a scalar has a size.
[[nodiscard]] inline bool hasUnknownRank(const HostTensor& tensor) noexcept {
  return tensor.shape.empty() && tensor.alignedSize == -1;
}

struct HostOperation {
  std::string_view name;
  std::string_view type;
};

struct HostModel {
  std::string_view name;
  std::string_view description;
  std::int32_t cores;
  std::string_view graph;
  std::optional<std::string_view> weights;
  std::vector<HostTensor> inputs;
  std::vector<HostTensor> outputs;
  std::vector<HostOperation> operations;
};

struct HostFile {
  std::string_view description;
  std::string_view march;
  std::string_view producer;
  std::vector<HostModel> models;
};

// True if the bytes are meant to be a host model file: at most two bytes of the magic are damaged or cut off.
[[nodiscard]] bool looksLikeHostFile(std::string_view file) noexcept;

// Throws HostFileError.
[[nodiscard]] HostFile readHostFile(std::string_view file);

}  // namespace bpusim
