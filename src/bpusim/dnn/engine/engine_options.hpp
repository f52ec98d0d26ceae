// How a session of the engine is set up.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "dnn/engine/load_options.hpp"
#include "dnn/engine/ort_api.hpp"

namespace bpusim {

// The location that the graph of a host file gives for its external weights.
inline constexpr const char* kWeightsLocation = "weights";

struct EngineOptions {
  LoadOptions load;
  bool optimise = true;
  bool spins = false;                       // threads wait awake while the session runs
  std::string profilePrefix;                // "" for no profile
  std::string weightsFolder;                // where files with external weights are
  std::optional<std::string_view> weights;  // or these bytes, under kWeightsLocation
  std::string file;                         // has the graph's bytes, too, for the engine to read; "" for none
};

using OptionsOwner = std::unique_ptr<ort::SessionOptions, void (*)(ort::SessionOptions*)>;

// Throws Error.
[[nodiscard]] OptionsOwner sessionOptions(const EngineOptions& options);

}  // namespace bpusim
