// Copies of serialized ONNX models that need no file any more: with all constants inside, or without the large ones.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "dnn/files/file_bytes.hpp"

namespace bpusim {

// The files that hold constants of a model, by the location that the model names.
class ConstantFiles {
 public:
  // Files of a folder, opened when they are first asked for; "" is the current one.
  explicit ConstantFiles(std::string folder) : folder_(std::move(folder)) {}
  // One location alone, and the bytes that stand behind it.
  ConstantFiles(std::string_view location, std::string_view bytes) { views_.emplace(location, bytes); }

  // Throws Error when there is no such file.
  [[nodiscard]] std::string_view bytes(std::string_view location);

 private:
  std::optional<std::string> folder_;
  std::map<std::string, std::string_view, std::less<>> views_;
  std::map<std::string, std::shared_ptr<const FileBytes>, std::less<>> files_;
};

// The model with the bytes of all its constants. Throws Error, also when it would be too large for a message.
[[nodiscard]] std::string withConstants(std::string_view model, ConstantFiles& files);

// The model for the inference of shapes, a few kilobytes as a rule: large constants of the graph are inputs of their
// type and shape, since no shape is computed from them; the others are inside. Throws Error.
[[nodiscard]] std::string withoutWeights(std::string_view model, ConstantFiles& files);

// The constant in another file that a text of the engine names; "" when it names none.
[[nodiscard]] std::string constantOf(std::string_view model, std::string_view text);

}  // namespace bpusim
