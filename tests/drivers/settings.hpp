// How a test driver behaves. README.md explains the names.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace testdriver {

struct Settings {
  // Settings of models, read when they are loaded.
  std::int32_t models = 1;
  std::int32_t inputs = 1;
  std::int32_t outputs = 1;
  std::vector<std::int64_t> shape{16};
  std::vector<std::int64_t> strides;  // empty: natural
  std::int64_t size = 0;              // 0: what shape and strides span
  std::int32_t dtype = 7;
  std::int32_t cores = 1;
  std::string metadata;
  std::string version = "3.13.6_(test driver)";

  // Settings of tasks.
  bool copy = false;
  bool hold = false;
  std::int64_t durationMs = 0;
  std::int64_t tasks = 1024;
  bool rewaitRefused = false;
  bool callbackRefused = false;
  std::int64_t refusals = 0;
};

// Changes what `text` names. Ends the process with a message when it is wrong.
void apply(const std::string& text, Settings& settings);

}  // namespace testdriver
