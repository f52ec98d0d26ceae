// Refuses what a broken driver or a damaged model may say about tensors, before anything is computed from it.
#pragma once

#include <cstdint>
#include <string>

#include "hobot/dnn/hb_dnn.h"

namespace hbm {

// Throws Error (kModel) naming model and tensor for a rank, an element type, dimensions or strides that cannot be: with
// them, copies would leave the tensor's memory.
void checkProperties(const hbDNNTensorProperties& properties, const std::string& model, const char* role,
                     const std::string& tensor);

// The name, which must be one. Throws Error (kModel); `what` it is the name of.
[[nodiscard]] std::string checkedName(const char* name, const char* what, const std::string& model = {});

// Throws Error (kModel) for a negative count; of what.
void checkCount(std::int32_t count, const char* what, const std::string& model = {});

// Throws Error (kModel) when a model cannot be compiled for that many cores.
void checkCores(std::int32_t cores, const std::string& model);

}  // namespace hbm
