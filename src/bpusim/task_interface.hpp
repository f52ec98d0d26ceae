// What our libdnn needs of our libhbucp. Both are built together; nobody else may use this.
// libdnn gets it by bpusimGetInterface(kTaskInterfaceVersion), the one entry point that is exported.
#pragma once

#include <cstdint>
#include <memory>

#include "bpusim/extension.h"
#include "hobot/hb_ucp.h"

namespace bpusim {

inline constexpr std::uint32_t kTaskInterfaceVersion = 0x10004U;

// One inference inside a task. libdnn makes it, libhbucp runs and destroys it.
class Job {
 public:
  Job() = default;
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;
  virtual ~Job() = default;

  // On a core's worker thread, or on the caller's in the synchronous form. Returns the status of the inference.
  [[nodiscard]] virtual std::int32_t run() noexcept = 0;

  // From any thread while run() is under way: end soon with a failure. For the exit of the process.
  virtual void terminate() noexcept = 0;

  // Cores that the model was compiled for: run() occupies that many.
  [[nodiscard]] virtual std::int32_t cores() const noexcept = 0;

  // True if run() is expected to take no longer than the last one of its model. A thread that has to stay free may run
  // it then, where that one was brief.
  [[nodiscard]] virtual bool isLikeTheLast() const noexcept = 0;

  // Text of the failure after run() returned one; "" otherwise.
  [[nodiscard]] virtual const char* error() const noexcept = 0;
};

// The functions of the driver extension that libdnn answers.
struct ModelInterface {
  std::int32_t (*inferOutputProperties)(hbDNNTensorProperties*, const hbDNNTensor*, std::int32_t, hbDNNHandle_t);
  const char* (*symbolicDimension)(hbDNNHandle_t, std::int32_t, std::int32_t, std::int32_t);
  std::int32_t (*getOperations)(const bpusimOperation**, std::int32_t*, hbDNNHandle_t);
  std::int32_t (*operatorTimes)(const bpusimOperatorTime**, std::int32_t*, hbDNNHandle_t);
  std::int32_t (*setLoadOptions)(const bpusimLoadOptions*);
  std::int64_t (*livePackedModels)();
  std::int32_t (*setEnginePath)(const char*);
  std::int32_t (*takeResults)(bpusimResult*, std::int32_t, hbUCPTaskHandle_t, std::int32_t);
  void (*releaseResult)(void*);
  std::int32_t (*getEngine)(const char**, const char**, hbDNNHandle_t);
  const char* (*describeEngines)();
  std::int32_t (*engineMissing)();
};

enum class LogLevel : std::int32_t { kTrace, kDebug, kInfo, kWarn, kError, kCritical, kNever };

struct Platform {
  const char* soc;               // "s100", "s100p", "s600"
  const char* march;             // "nash-e", "nash-m", "nash-p"
  std::int32_t cores;            // BPU cores
  std::int32_t strideAlignment;  // bytes
  bool chosen;                   // BPUSIM_SOC is set: the march of a host model is enforced
};

struct TaskInterface {
  // First thing in every exported function. Counts the call, applies faults (delay, failure) and refuses after fork().
  // False: return *status at once.
  bool (*admitCall)(const char* function, std::int32_t* status);

  // The same in functions that return a text: they answer after fork() too, are no use of the driver, and return NULL
  // when a fault makes them fail, which is when this is false.
  bool (*admitTextCall)(const char* function);

  // Notes the text for lastError on this thread, logs it, and returns status.
  std::int32_t (*reportFailure)(std::int32_t status, const char* text);

  // Adds a job to *task, making the task when *task is NULL. Owns the job from the call on, also when it fails
  // (limits, handle already submitted or released or foreign).
  std::int32_t (*append)(hbUCPTaskHandle_t* task, Job* job);

  // Runs a job to its end with default scheduling on a core, and destroys it. Owns the job.
  std::int32_t (*runNow)(Job* job);

  // Calls visit(job, context) under the task's protection when the task has ended well; its result is returned.
  std::int32_t (*withEndedJob)(hbUCPTaskHandle_t task, std::int32_t subTask, std::int32_t (*visit)(Job*, void*),
                               void* context);

  // The live block of hbUCPMalloc that [address, address + size) lies in, or nullptr. After hbUCPFree a weak reference
  // to it is empty; a strong one keeps the memory itself.
  std::shared_ptr<const void> (*memoryAt)(const void* address, std::uint64_t size);

  // Counts a result that the client has taken, and with -1 one that it has released, as its memory.
  void (*countResult)(std::int64_t results, std::uint64_t size);

  const Platform* (*platform)();

  void (*log)(LogLevel level, const char* text);
  bool (*logs)(LogLevel level);

  void (*registerModels)(const ModelInterface* models);

  // After reportFailure(): the model and the tensor that it is about, "" where they are not known.
  void (*noteErrorPlace)(const char* model, const char* tensor);
};

}  // namespace bpusim
