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

  // The next field; nothing at the end and when the bytes are no message, which failed() distinguishes.
  [[nodiscard]] std::optional<WireField> next() noexcept;
  [[nodiscard]] bool failed() const noexcept { return failed_; }

  // The next of a field's packed numbers; nothing at the end.
  [[nodiscard]] std::optional<std::uint64_t> number() noexcept { return varint(); }

 private:
  [[nodiscard]] std::optional<std::uint64_t> varint() noexcept;

  std::string_view rest_;
  bool failed_ = false;
};

// Views are into the model's bytes.
struct OnnxNode {
  std::string_view name;
  std::string_view type;
  std::string_view domain;
  std::vector<std::string_view> inputs;
  std::vector<std::string_view> outputs;
  std::vector<std::string_view> attributes;  // messages
};

struct OnnxValue {
  std::string_view name;
  std::string_view description;
  bool hasShape = false;  // a rank is declared
};

// A tensor of the graph with its bytes, or with the place where they are.
struct OnnxConstant {
  std::string_view name;
  std::uint64_t type = 0;  // of its elements, as ONNX numbers them
  std::vector<std::uint64_t> shape;
  std::size_t size = 0;  // bytes of the message
  bool external = false;
  std::string_view location;
  std::uint64_t offset = 0;
  std::optional<std::uint64_t> length;  // nothing: to the end of the file
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
inline constexpr std::uint32_t kModelFunction = 25;
inline constexpr std::uint32_t kFunctionNode = 7;
inline constexpr std::uint32_t kGraphNode = 1;
inline constexpr std::uint32_t kGraphName = 2;
inline constexpr std::uint32_t kGraphInitializer = 5;
inline constexpr std::uint32_t kGraphInput = 11;
inline constexpr std::uint32_t kGraphOutput = 12;
inline constexpr std::uint32_t kGraphValueInfo = 13;
inline constexpr std::uint32_t kGraphSparseInitializer = 15;
inline constexpr std::uint32_t kSparseValues = 1;
inline constexpr std::uint32_t kSparseIndices = 2;
inline constexpr std::uint32_t kNodeInput = 1;
inline constexpr std::uint32_t kNodeOutput = 2;
inline constexpr std::uint32_t kNodeName = 3;
inline constexpr std::uint32_t kNodeType = 4;
inline constexpr std::uint32_t kValueName = 1;
inline constexpr std::uint32_t kValueType = 2;
inline constexpr std::uint32_t kValueDescription = 3;
inline constexpr std::uint32_t kNodeAttribute = 5;
inline constexpr std::uint32_t kNodeDomain = 7;
inline constexpr std::uint32_t kAttributeName = 1;
inline constexpr std::uint32_t kAttributeFloat = 2;
inline constexpr std::uint32_t kAttributeInteger = 3;
inline constexpr std::uint32_t kAttributeText = 4;
inline constexpr std::uint32_t kAttributeConstant = 5;
inline constexpr std::uint32_t kAttributeGraph = 6;
inline constexpr std::uint32_t kAttributeIntegers = 8;
inline constexpr std::uint32_t kAttributeConstants = 10;
inline constexpr std::uint32_t kAttributeGraphs = 11;
inline constexpr std::uint32_t kAttributeSparseConstant = 22;
inline constexpr std::uint32_t kAttributeSparseConstants = 23;
inline constexpr std::uint32_t kConstantShape = 1;
inline constexpr std::uint32_t kConstantType = 2;
inline constexpr std::uint32_t kConstantIntegers32 = 5;
inline constexpr std::uint32_t kConstantIntegers64 = 7;
inline constexpr std::uint32_t kConstantName = 8;
inline constexpr std::uint32_t kConstantRaw = 9;
inline constexpr std::uint32_t kConstantExternal = 13;
inline constexpr std::uint32_t kConstantLocation = 14;
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

// Nothing when the bytes are not those of a tensor, or the place is named by something else than numbers.
[[nodiscard]] std::optional<OnnxConstant> readConstant(std::string_view message);

}  // namespace bpusim
