#include "dnn/loading/onnx_metadata.hpp"

namespace bpusim {
namespace {

[[nodiscard]] std::string quoted(std::string_view text) {
  constexpr const char* kDigits = "0123456789abcdef";
  std::string json = "\"";
  for (const char character : text) {
    const auto code = static_cast<unsigned char>(character);
    if (character == '"' || character == '\\') {
      json += '\\';
      json += character;
    } else if (code < 0x20U) {
      json += "\\u00";
      json += kDigits[code >> 4U];
      json += kDigits[code & 15U];
    } else {
      json += character;
    }
  }
  return json + '"';
}

}  // namespace

std::string metadataText(const EngineMetadata& metadata, std::string_view graphName) {
  std::string json =
      "{\"format\": \"onnx\", \"producer\": " + quoted(metadata.producer) + ", \"graph\": " + quoted(graphName) +
      ", \"domain\": " + quoted(metadata.domain) + ", \"description\": " + quoted(metadata.description) +
      ", \"version\": " + (metadata.version ? std::to_string(*metadata.version) : "null") + ", \"metadata\": {";
  std::string separator;
  for (const auto& [key, value] : metadata.custom) {
    json += separator + quoted(key) + ": " + quoted(value);
    separator = ", ";
  }
  return json + "}}";
}

}  // namespace bpusim
