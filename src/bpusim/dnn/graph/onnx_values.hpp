// What a serialized ONNX model says about its values before anything runs: constants, and shapes of inputs.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

namespace bpusim {

inline constexpr std::int64_t kUnknownDimension = -1;
inline constexpr std::uint64_t kOnnxFloat16 = 10;

// Views are into the model's bytes.
struct OnnxKnownValue {
  std::vector<std::int64_t> shape;
  std::string_view constant;  // the message with its elements; "" of an input
  std::uint64_t type = 0;     // of its elements, as ONNX numbers them; 0: unknown
};

// By name. A value of which nothing is known, or which has a namesake, is not there.
class OnnxValues {
 public:
  OnnxValues() = default;

  // Reads those of a model, its inner graphs included. Throws Error when it is damaged.
  explicit OnnxValues(std::string_view model);

  [[nodiscard]] const OnnxKnownValue* find(std::string_view name) const;

  // True if it is an input of a graph and no constant of the same name replaces it.
  [[nodiscard]] bool isInput(std::string_view name) const;

 private:
  void addGraph(std::string_view graph, int depth);
  void addNode(std::string_view node, int depth);
  void add(std::string_view name, OnnxKnownValue value);

  std::map<std::string_view, std::optional<OnnxKnownValue>> values_;
};

// The elements of a constant of 32 or 64-bit integers; nothing of others, of large ones, and where they lie elsewhere.
[[nodiscard]] std::optional<std::vector<std::int64_t>> integersOf(std::string_view constant);

}  // namespace bpusim
