// The one door to the engine, ONNX Runtime. Everything here throws Error.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dnn/engine/engine_options.hpp"
#include "dnn/engine/engine_tensors.hpp"
#include "dnn/engine/ort_api.hpp"

namespace bpusim {

struct EngineMetadata {
  std::string producer;
  std::string domain;
  std::string description;
  std::optional<std::int64_t> version;
  std::vector<std::pair<std::string, std::string>> custom;
};

// Dense memory of one tensor.
struct DenseTensor {
  void* data = nullptr;  // null for an output that the engine shall allocate
  std::size_t size = 0;  // bytes
  const std::int64_t* shape = nullptr;
  std::size_t rank = 0;
  std::int32_t type = 0;  // hbDNNDataType
};

// An output that the engine has allocated.
class EngineValue {
 public:
  EngineValue() = default;
  explicit EngineValue(ort::Value* value) noexcept : value_(value) {}

  [[nodiscard]] void* data() const;
  [[nodiscard]] std::vector<std::int64_t> shape() const;
  [[nodiscard]] std::int32_t type() const;

 private:
  struct Release {
    void operator()(ort::Value* value) const noexcept;
  };
  std::unique_ptr<ort::Value, Release> value_;
};

// Lets another thread end a run.
class RunControl {
 public:
  RunControl();

  void terminate() noexcept;
  [[nodiscard]] bool terminated() const noexcept { return terminated_.load(); }
  [[nodiscard]] const ort::RunOptions* get() const noexcept { return options_.get(); }

 private:
  struct Release {
    void operator()(ort::RunOptions* options) const noexcept;
  };
  std::unique_ptr<ort::RunOptions, Release> options_;
  std::atomic<bool> terminated_{false};
};

// A graph that is ready to run. run() may be called from several threads at once.
class EngineSession {
 public:
  EngineSession(std::string_view graph, const EngineOptions& options);

  [[nodiscard]] const std::vector<EngineTensor>& inputs() const noexcept { return inputs_; }
  [[nodiscard]] const std::vector<EngineTensor>& outputs() const noexcept { return outputs_; }
  [[nodiscard]] EngineMetadata metadata() const;

  // Names and tensors stand in the same order. Outputs with memory are written in place; for the others `allocated`
  // gets a value at the same index.
  void run(const RunControl& control, const std::vector<const char*>& inputNames,
           const std::vector<DenseTensor>& inputs, const std::vector<const char*>& outputNames,
           const std::vector<DenseTensor>& outputs, std::vector<EngineValue>& allocated) const;

  // When the profile began, nanoseconds of the system's clock (CLOCK_REALTIME).
  [[nodiscard]] std::int64_t profileBegin() const;

  // Ends the profile and returns the name of its file.
  [[nodiscard]] std::string endProfile();

 private:
  struct Release {
    void operator()(ort::Session* session) const noexcept;
  };
  std::unique_ptr<ort::Session, Release> session_;
  std::vector<EngineTensor> inputs_;
  std::vector<EngineTensor> outputs_;
  std::vector<std::int32_t> cpus_;
  bool flushDenormals_ = false;
};

}  // namespace bpusim
