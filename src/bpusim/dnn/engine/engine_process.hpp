// What the parts of the engine's door share: its process-wide state, and its failures as Error.
#pragma once

#include <cstdint>
#include <string>

#include "dnn/base/error.hpp"
#include "dnn/engine/ort_api.hpp"

namespace bpusim {

struct Engine {
  const ort::Functions& api;
  ort::Env* env = nullptr;
  ort::MemoryInfo* memory = nullptr;
  ort::Allocator* allocator = nullptr;

  Engine();
};

// Never destroyed, as computing threads may outlive every static object. Throws Error.
[[nodiscard]] const Engine& engine();

[[nodiscard]] const ort::Functions& api();

// Throws when the engine reports a failure.
void check(ort::Status* status, std::int32_t code = HB_DNN_INVALID_MODEL);

// Throws when the engine refuses a model. What is no message is damaged; everything else is sound, and the engine lacks
// an operator, a type, a version or a file of constants.
void checkModel(ort::Status* status);

// A string of the engine's allocator, given back to it.
[[nodiscard]] std::string taken(char* text);

}  // namespace bpusim
