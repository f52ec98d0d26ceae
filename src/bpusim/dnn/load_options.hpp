// How the models of a thread's next loads are set up.
#pragma once

#include <string>
#include <vector>

#include "bpusim/extension.h"
#include "engine.hpp"

namespace bpusim {

struct LoadOptions {
  EngineOptions engine;
  bool profile = false;
  std::vector<std::string> keep;  // intermediate tensors that become outputs
  bool keepAll = false;           // all of them
  std::string keepFolder;         // where each run writes them; "": nowhere
  bool deliverOutputs = false;    // tasks keep results for takeResults
};

// Those of this thread: what setLoadOptions was given, else the defaults. Throws Error.
[[nodiscard]] LoadOptions loadOptions();

// Null restores the defaults. Throws Error.
void setLoadOptions(const bpusimLoadOptions* options);

}  // namespace bpusim
