// Makes models out of the bytes of a file.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "dnn/engine/load_options.hpp"
#include "dnn/model/model.hpp"
#include "dnn/model/packed.hpp"

namespace bpusim {

// One file, or one piece of memory, that was given to hbDNNInitializeFrom...
struct ModelFile {
  std::shared_ptr<const FileBytes> bytes;
  std::string place;  // for messages: the path, or "<memory:0>"
  std::string path;   // "" for memory
};

// The content decides what kind of file it is; `index` counts the files of the call. Throws Error.
[[nodiscard]] LoadedFile loadFile(ModelFile file, const LoadOptions& options, std::size_t index);

}  // namespace bpusim
