// One loaded model: handle, what is known about it, its memory and its thread.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "core/base/shared_error.hpp"
#include "core/base/worker.hpp"
#include "core/driver/handles.hpp"
#include "core/driver/soc.hpp"
#include "core/memory/memory_pool.hpp"
#include "core/model/counters.hpp"
#include "hbm_runtime/model_info.hpp"
#include "hbm_runtime/runtime.hpp"

namespace hbm {

// Immutable but for the pool and the worker, which have their own locks. Requests keep it alive.
struct Model {
  Model(const Driver& theDriver, std::shared_ptr<const PackedModels> packedModels, hbDNNHandle_t modelHandle,
        const Soc& theSoc)
      : driver(theDriver),
        packed(std::move(packedModels)),
        handle(modelHandle),
        soc(theSoc),
        pools{std::make_shared<MemoryPool>(theDriver), std::make_shared<MemoryPool>(theDriver)},
        worker("hbm-model") {}
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;
  ~Model() {
    for (const auto& each : pools) {
      each->close();
    }
  }

  [[nodiscard]] MemoryPool& pool(TensorRole role) const { return *pools[static_cast<std::size_t>(role)]; }

  const Driver& driver;
  const std::shared_ptr<const PackedModels> packed;
  const hbDNNHandle_t handle;
  const Soc soc;
  ModelInfo info;
  SharedError outOfMemory;  // what its requests end with where there is no memory for another error
  std::vector<hbDNNTensorProperties> inputProperties;  // as the driver reports them
  std::vector<hbDNNTensorProperties> outputProperties;
  bool dynamicOutputs = false;  // an output shape is known only after the run
  bool delivers = false;        // the driver keeps results for which there is no memory, or whose shape is another one
  // By role: with one for both, inputs and outputs of one size would swap their blocks from run to run, and every copy
  // would go to memory that the caches do not have.
  const std::array<std::shared_ptr<MemoryPool>, 2> pools;
  mutable Worker worker;
  // What the last task took from being submitted to its end was seen; decides how to wait for the next one.
  mutable std::atomic<std::int64_t> lastTaskNs{std::numeric_limits<std::int64_t>::max()};
  std::shared_ptr<Counters> counters =
      std::make_shared<Counters>();  // a model that replaces this one goes on with them
};

// Gives a model its name, and what needs it. Before anybody has seen the model.
void setName(Model& model, std::string name);

struct LoadedModels {
  std::vector<std::shared_ptr<const Model>> models;
  std::vector<std::string> fileDescriptions;
};

// Throws Error (kInput) when two models have one name.
void refuseDuplicates(const std::vector<std::shared_ptr<const Model>>& models);

// Loads the models of all files or buffers through one driver call. Throws Error, and then holds nothing.
[[nodiscard]] LoadedModels loadFiles(const std::vector<std::string>& given, const LoadOptions& options);
[[nodiscard]] LoadedModels loadBuffers(const std::vector<ModelBuffer>& buffers, const LoadOptions& options);

}  // namespace hbm
