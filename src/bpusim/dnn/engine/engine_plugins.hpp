// Engines beside ONNX Runtime's own: execution providers that it loads as plug-ins.
#pragma once

#include <string>
#include <string_view>

#include "dnn/engine/load_options.hpp"
#include "dnn/engine/ort_api.hpp"

namespace bpusim {

// What models are computed with unless a plug-in is named.
inline constexpr const char* kOwnEngine = "onnxruntime";

struct EnginePlugin {
  const char* name;         // that users give
  const char* provider;     // of its devices
  const char* package;      // of Python, which installs it beside onnxruntime
  const char* library;      // in that package's folder
  const char* optionKey;    // the one setting that a session gets
  const char* optionValue;  // in which {threads} stands for their number, 0 for the plug-in's own choice
};

// Null for kOwnEngine and "". Throws Error for a name that is no engine's.
[[nodiscard]] const EnginePlugin* enginePlugin(std::string_view name);

// Lets a session compute with the plug-in on the CPU. Throws Error when it is not installed, or not for this machine.
void appendPlugin(ort::SessionOptions* session, const EnginePlugin& plugin, const LoadOptions& options);

// "; openvino 1.8.1" for each plug-in that is in use.
[[nodiscard]] std::string pluginsInUse();

}  // namespace bpusim
