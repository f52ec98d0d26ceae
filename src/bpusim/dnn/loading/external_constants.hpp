// Which files a model may read its constants from: those beside it, judged by where they really are.
#pragma once

#include <string>
#include <string_view>

namespace bpusim {

struct PlacedConstants {
  std::string folder;  // that locations are relative to
  std::string graph;   // the model with its locations relative to that folder; "" when they are already
};

// Finds the files with constants of an ONNX model that was read from `path`; "" stands for memory, where all constants
// have to be inside. A file may lie in or below the folder of `path` or that of the file that `path` links to. Engines
// follow no links, so the locations are named by the real paths. Throws Error that names the constant.
[[nodiscard]] PlacedConstants placeConstants(std::string_view model, const std::string& path);

// Throws Error when a constant of a host model names something else than the model's weights.
void checkHostConstants(std::string_view graph);

}  // namespace bpusim
