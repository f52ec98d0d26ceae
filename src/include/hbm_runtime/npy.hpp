// Arrays as .npy files, which numpy reads and writes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "hbm_runtime/export.hpp"
#include "hbm_runtime/tensor.hpp"

namespace hbm {

// An array that was read from a file.
struct NpyArray {
  DataType dtype = DataType::kMax;
  std::vector<std::int64_t> shape;
  bool fortranOrder = false;  // the first dimension is the innermost one
  std::vector<std::byte> data;

  // For Call::inputs; the array must outlive it.
  [[nodiscard]] HBM_API TensorView view() const;
};

// Reads a file of format 1.0 to 3.0. Throws Error: kFileNotFound, kIo, kContainer (no .npy file, or cut off),
// kUnsupported (an element type or a rank that no tensor has, big-endian numbers).
[[nodiscard]] HBM_API NpyArray loadNpy(const std::string& path);

// Writes an array of any layout, dense and without padding. The file appears when it is complete. Throws Error: kInput
// (no tensor, an element type that numpy lacks), kIo.
HBM_API void saveNpy(const std::string& path, const TensorView& view);
HBM_API void saveNpy(const std::string& path, const DeviceTensor& tensor);

}  // namespace hbm
