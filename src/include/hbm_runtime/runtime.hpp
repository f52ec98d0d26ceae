// Loads models and runs them. The entry point of this library.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "hbm_runtime/export.hpp"
#include "hbm_runtime/model_info.hpp"
#include "hbm_runtime/recorder.hpp"
#include "hbm_runtime/request.hpp"
#include "hbm_runtime/scheduling.hpp"
#include "hbm_runtime/tensor.hpp"

namespace hbm {

// How models are loaded. All but the passphrase is for drivers with the extension (bpusim); others refuse what is not
// default.
struct LoadOptions {
  std::int32_t threads = 0;        // engine threads of one inference; 0: the driver's default
  std::vector<std::int32_t> cpus;  // CPUs that they are pinned to
  bool flushDenormals = false;
  bool saveMemory = false;
  bool profile = false;           // per-operator times can be asked for
  std::vector<std::string> keep;  // intermediate tensors that become outputs after the model's own; "*": all
  std::string keepFolder;         // each run writes them there as .npy files; "": nowhere
  std::string engine;             // the engine that computes: "onnxruntime", "openvino"; "": the driver's default
  // For models that hbm_runtime.encryption in Python encrypted, all with the same one; UTF-8, composed (NFC). "": none
  // is encrypted. They are decrypted into memory, by OpenSSL's libcrypto, so an ONNX model is called after its graph.
  std::string passphrase;

  // True if the driver has nothing to do with it.
  [[nodiscard]] bool isDefault() const noexcept {
    return threads == 0 && cpus.empty() && !flushDenormals && !saveMemory && !profile && keep.empty() &&
           keepFolder.empty() && engine.empty();
  }
};

// A model in memory. The bytes are only read while the models are loaded.
struct ModelBuffer {
  const void* data = nullptr;
  std::size_t size = 0;
};

// One model's part of a call.
struct Call {
  std::size_t model = 0;           // index into models()
  std::vector<TensorView> inputs;  // in the order of the model's inputs
  // Where outputs go, in the order of the model's outputs: empty, or one for each, rank -1 where the runtime provides
  // the memory. They have the model's dtype and shape and any layout.
  std::vector<TensorView> outputs;
  SchedOverrides sched;
};

// Bytes of device memory that a model's runs hold.
struct MemoryUsage {
  std::int64_t usedBytes = 0;  // by requests, outputs and allocated tensors
  std::int64_t freeBytes = 0;  // kept for the next run
};

struct Operation {
  std::string name;  // of the node
  std::string type;  // ONNX operator
};

// What computes a model.
struct ModelEngine {
  std::string name;    // as LoadOptions::engine; "" when the driver does not report it
  std::string reason;  // why it is not the one that was requested; "" when it is
};

struct OperationTime {
  Operation operation;
  std::int64_t beginNs = 0;  // of std::chrono::steady_clock
  std::int64_t durationNs = 0;
  std::int64_t thread = 0;  // kernel id of the thread that ran it
};

enum class TensorRole : std::uint8_t { kInput, kOutput };

// What becomes of a result whose shape is another than that of the memory given for it.
enum class Targets : std::uint8_t {
  kExact,         // the run fails (kShape)
  kWhereTheyFit,  // the runtime provides other memory, to which DeviceTensor::data points
};

struct CallOptions {
  std::optional<std::chrono::nanoseconds> timeout;                // gives up then; kTimeout
  std::optional<std::chrono::steady_clock::time_point> deadline;  // not submitted after that; kDeadline
  std::function<bool()> interrupted;  // asked every 100 ms while run() waits; true: run() throws kCancelled
  std::shared_ptr<const void>
      keeps;  // of start(): released, on any thread, when nothing given is read or written any more
  Targets targets = Targets::kExact;
  // Of start(): the caller waits for the request before it does anything else, so a model whose last task took less
  // than this may be computed and completed on its thread, which saves waking others. Longer ones are not affected.
  std::chrono::nanoseconds awaitedBelow = std::chrono::nanoseconds(0);
};

// All member functions may be called from any thread at any time.
class HBM_API Runtime {
 public:
  // Loads the models of all files; several models may come from one file. A folder stands for the .hbm files in it, or
  // where it has none for the .onnx files, sorted by name. Throws Error: kInput (no files, two models of one name),
  // kFileNotFound, kIo, kModel, kContainer, kPassphrase, kUnsupported, kDriver, kDriverNotFound.
  explicit Runtime(const std::vector<std::string>& files, const LoadOptions& options = {});
  explicit Runtime(const std::vector<ModelBuffer>& buffers, const LoadOptions& options = {});

  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  // A runtime with the models of `other`, of which the one at `index` is replaced by the model of the same name in
  // `file`, or by its only model, which takes that name. Defaults are copied. Requests in flight on `other` finish
  // there. Throws Error.
  Runtime(const Runtime& other, std::size_t index, const std::string& file, const LoadOptions& options = {});
  Runtime(const Runtime& other, std::size_t index, const ModelBuffer& buffer, const LoadOptions& options = {});

  // Releases the models. Requests in flight finish on their own, outputs stay valid.
  ~Runtime();

  // Version text of the driver.
  [[nodiscard]] static std::string driverVersion();

  // Models in the driver's order.
  [[nodiscard]] std::size_t modelCount() const noexcept;
  [[nodiscard]] const ModelInfo& model(std::size_t index) const;

  // Index of a model. Throws Error (kInput) that lists the valid names.
  [[nodiscard]] std::size_t modelIndex(const std::string& name) const;

  // One for each file or buffer, in the order given.
  [[nodiscard]] const std::vector<std::string>& fileDescriptions() const noexcept;

  [[nodiscard]] std::vector<SchedParam> schedParams() const;

  // Changes the defaults of several models; all or nothing. Throws Error (kInput).
  void setSchedParams(const std::vector<std::pair<std::size_t, SchedOverrides>>& changes);

  // Throws what setSchedParams() would throw, and changes nothing.
  void checkSchedParams(const std::vector<std::pair<std::size_t, SchedOverrides>>& changes) const;

  // A call of one model with tensors by name, in any order. Outputs that are not named get memory of the runtime.
  // Throws Error (kInput): no such model, input or output; run() and start() refuse a missing input.
  [[nodiscard]] Call makeCall(const std::string& model, const std::map<std::string, TensorView>& inputs,
                              const std::map<std::string, TensorView>& outputs = {}) const;

  // What run() and start() check before anything happens. Throws Error (kInput).
  void checkCalls(const std::vector<Call>& calls) const;

  // Runs all calls, in parallel, and waits. One result for each call. Everything is checked before the device is
  // touched. Throws the first Error; then no call of it is running any more, except after kTimeout and kCancelled.
  [[nodiscard]] std::vector<std::vector<DeviceTensor>> run(const std::vector<Call>& calls,
                                                           const CallOptions& options = {});

  // Starts one call and returns when its inputs were copied. What can be checked is checked first, and thrown: kInput,
  // kClosed; everything else is the request's error.
  [[nodiscard]] std::shared_ptr<Request> start(const Call& call, const CallOptions& options = {});

  // Starts several; one request for each call. All are checked before the first one starts.
  [[nodiscard]] std::vector<std::shared_ptr<Request>> start(const std::vector<Call>& calls,
                                                            const CallOptions& options = {});

  // A tensor in device memory, zeroed, with the strides of the device. Dynamic dimensions come from `shape`, which may
  // be empty for static ones. Throws Error.
  [[nodiscard]] DeviceTensor allocate(std::size_t model, TensorRole role, std::size_t tensor,
                                      const std::vector<std::int64_t>& shape = {}) const;

  // Output shapes for input shapes, without running. Throws Error: kUnsupported when this driver cannot compute them
  // for this model.
  [[nodiscard]] std::vector<std::vector<std::int64_t>> inferShapes(
      std::size_t model, const std::vector<std::vector<std::int64_t>>& inputShapes) const;

  // Names of symbolic dimensions, "" for others. Empty strings throughout on drivers that do not know them.
  [[nodiscard]] std::vector<std::string> dimensionNames(std::size_t model, TensorRole role, std::size_t tensor) const;

  // Rows begin at multiples of this number of bytes where the driver leaves strides open and this runtime chooses them.
  [[nodiscard]] std::int64_t strideAlignment(std::size_t model) const;

  [[nodiscard]] MemoryUsage memoryUsage(std::size_t model) const;

  [[nodiscard]] RequestCounts requestCounts(std::size_t model) const;

  // Requests that start from now on are recorded; nullptr ends that.
  void setRecorder(std::shared_ptr<Recorder> recorder);

  // The operations of a model in the order of its graph. Throws Error: kUnsupported when the driver does not know them.
  [[nodiscard]] std::vector<Operation> operations(std::size_t model) const;

  // What computes a model. Throws Error.
  [[nodiscard]] ModelEngine engine(std::size_t model) const;

  // Times of single operations of runs since the last call; needs LoadOptions::profile. Throws Error: kUnsupported.
  [[nodiscard]] std::vector<OperationTime> takeOperationTimes(std::size_t model) const;

  class Impl;

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace hbm
