// What bpusim reads out of a serialized ONNX ModelProto by itself, since the engine does not tell it. The rest, and
// whether the model is valid, is the engine's business.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bpusim {

// One field of a protobuf message.
struct WireField {
  std::uint32_t number;
  std::uint32_t type;        // 0 varint, 1 eight bytes, 2 bytes, 5 four bytes
  std::uint64_t value;       // of a varint
  std::string_view payload;  // of bytes
  std::string_view whole;    // with its key
};

inline constexpr std::uint32_t kWireVarint = 0;
inline constexpr std::uint32_t kWireBytes = 2;

// Walks over the fields of a message without ever leaving it.
class WireReader {
 public:
  explicit WireReader(std::string_view message) noexcept : rest_(message) {}

  // The next field; nothing at the end and when the bytes are no message, which failed() tells apart.
  [[nodiscard]] std::optional<WireField> next() noexcept;
  [[nodiscard]] bool failed() const noexcept { return failed_; }

 private:
  [[nodiscard]] std::optional<std::uint64_t> varint() noexcept;

  std::string_view rest_;
  bool failed_ = false;
};

// Views are into the model's bytes.
struct OnnxNode {
  std::string_view name;
  std::string_view type;
  std::vector<std::string_view> outputs;
};

struct OnnxValue {
  std::string_view name;
  std::string_view description;
  bool hasShape = false;  // a rank is declared
};

struct OnnxGraph {
  std::string_view name;
  std::vector<OnnxNode> nodes;
  std::vector<OnnxValue> inputs;
  std::vector<OnnxValue> outputs;
};

// Numbers of the fields that are read or edited.
namespace onnx_field {
inline constexpr std::uint32_t kModelIrVersion = 1;
inline constexpr std::uint32_t kModelGraph = 7;
inline constexpr std::uint32_t kGraphNode = 1;
inline constexpr std::uint32_t kGraphName = 2;
inline constexpr std::uint32_t kGraphInitializer = 5;
inline constexpr std::uint32_t kGraphInput = 11;
inline constexpr std::uint32_t kGraphOutput = 12;
inline constexpr std::uint32_t kGraphValueInfo = 13;
inline constexpr std::uint32_t kNodeOutput = 2;
inline constexpr std::uint32_t kNodeName = 3;
inline constexpr std::uint32_t kNodeType = 4;
inline constexpr std::uint32_t kValueName = 1;
inline constexpr std::uint32_t kValueType = 2;
inline constexpr std::uint32_t kValueDescription = 3;
inline constexpr std::uint32_t kConstantExternal = 13;
inline constexpr std::uint32_t kEntryKey = 1;
inline constexpr std::uint32_t kEntryValue = 2;
inline constexpr std::uint32_t kTypeTensor = 1;
inline constexpr std::uint32_t kTensorElement = 1;
inline constexpr std::uint32_t kTensorShape = 2;
inline constexpr std::uint32_t kShapeDimension = 1;
inline constexpr std::uint32_t kDimensionValue = 1;
}  // namespace onnx_field

// The graph of a model; nothing when the bytes are not those of an ONNX model.
[[nodiscard]] std::optional<OnnxGraph> readOnnx(std::string_view model);

// Names and types of a graph's operations, by the names that the engine's profile has for them.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> operationsOf(const OnnxGraph& graph);

}  // namespace bpusim
