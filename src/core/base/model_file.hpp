// Model files, as whoever opens one checks them first.
#pragma once

#include <string>
#include <vector>

namespace hbm {

// Throws Error kFileNotFound or kIo unless there is a regular file that can be read.
void requireFile(const std::string& file);

// The model files that a path stands for: of a folder its .hbm files, or where it has none its .onnx files, sorted by
// name; anything else stands for itself. Throws Error kInput for a folder without any, kIo for one that cannot be read.
[[nodiscard]] std::vector<std::string> modelFiles(const std::string& path);

}  // namespace hbm
