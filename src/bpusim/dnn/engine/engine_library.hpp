// Finds and opens ONNX Runtime's shared library.
#pragma once

#include <filesystem>
#include <string>

#include "dnn/engine/ort_api.hpp"

namespace bpusim {

struct EngineLibrary {
  ort::Functions functions;
  std::string version;
  std::string path;
  bool boundsSpinning = false;  // session.intra_op.spin_duration_us is known
};

// Opens the library with the first call; later calls return the same. Throws Error, and then the next call tries again.
[[nodiscard]] const EngineLibrary& engineLibrary();

// Where this library is.
[[nodiscard]] std::filesystem::path libraryFolder();

// True if the last look for the library was in vain.
[[nodiscard]] bool engineMissing() noexcept;

// A file or a directory to try after BPUSIM_ENGINE_PATH; null or "" forgets it.
void setEnginePath(const char* path);

}  // namespace bpusim
