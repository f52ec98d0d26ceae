// bpusimGetInterface: the public driver extension, and what our libdnn needs.
#include "bpusim/extension.h"

#include <atomic>
#include <memory>
#include <string>
#include <utility>

#include "hbucp/base/log.hpp"
#include "hbucp/base/settings.hpp"
#include "hbucp/entry.hpp"
#include "hbucp/faults/faults.hpp"
#include "hbucp/memory.hpp"
#include "hbucp/tasks/process.hpp"
#include "hbucp/tasks/scheduler.hpp"
#include "hbucp/tasks/task_table.hpp"
#include "task_interface.hpp"

namespace bpusim {
namespace {

// libdnn's part; NULL until libdnn is loaded.
std::atomic<const ModelInterface*> models{nullptr};

// As guarded(), for functions that are no driver functions: they are not counted and cannot be made to fail.
template <class Body>
std::int32_t extensionCall(const char* function, Body&& body) noexcept {
  beginCall(function);
  if (inForkedChild()) {
    return reportFailure(HB_UCP_API_USE_ERROR,
                         "the driver was in use when this process was forked, so the child cannot use it");
  }
  try {
    return body();
  } catch (const std::bad_alloc&) {
    return reportFailure(HB_UCP_MEM_ALLOC_FAIL, "the process is out of memory");
  } catch (const std::exception& error) {
    return reportFailure(HB_UCP_UNKNOWN_ERROR, error.what());
  }
}

template <auto function, class... Arguments>
std::int32_t forwarded(const char* name, Arguments... arguments) noexcept {
  return extensionCall(name, [&] {
    const ModelInterface* to = models.load();
    return to != nullptr ? (to->*function)(arguments...)
                         : reportFailure(HB_UCP_API_USE_ERROR, "libdnn.so is not loaded");
  });
}

// --- the public extension

std::int32_t getLive(bpusimLive* live) {
  return extensionCall("getLive", [&]() -> std::int32_t {
    if (live == nullptr) {
      return reportFailure(HB_UCP_INVALID_ARGUMENT, "live is NULL");
    }
    const DeviceMemory::Counters memory = DeviceMemory::instance().counters();
    const ModelInterface* const dnn = models.load();
    *live = {TaskTable::instance().liveHandles(), dnn != nullptr ? dnn->livePackedModels() : 0, memory.blocks,
             memory.bytes, memory.allocationCalls};
    return HB_UCP_SUCCESS;
  });
}

std::int32_t getCoreCount(std::int32_t* count) {
  return extensionCall("getCoreCount", [&]() -> std::int32_t {
    if (count == nullptr) {
      return reportFailure(HB_UCP_INVALID_ARGUMENT, "count is NULL");
    }
    *count = settings().platform.cores;
    return HB_UCP_SUCCESS;
  });
}

std::int32_t getStrideAlignment(std::int32_t* bytes) {
  return extensionCall("getStrideAlignment", [&]() -> std::int32_t {
    if (bytes == nullptr) {
      return reportFailure(HB_UCP_INVALID_ARGUMENT, "bytes is NULL");
    }
    *bytes = settings().platform.strideAlignment;
    return HB_UCP_SUCCESS;
  });
}

std::int32_t getCoreLoad(bpusimCoreLoad* load, std::int32_t core) {
  return extensionCall("getCoreLoad", [&]() -> std::int32_t {
    if (load == nullptr) {
      return reportFailure(HB_UCP_INVALID_ARGUMENT, "load is NULL");
    }
    if (core < 0 || core >= settings().platform.cores) {
      return reportFailure(HB_UCP_INVALID_ARGUMENT, "there is no core " + std::to_string(core) + ": the SoC has " +
                                                        std::to_string(settings().platform.cores));
    }
    // No lock before that: a process that only asks may fork, and the child would wait for a lock of a lost thread.
    *load = isUsed() ? Scheduler::instance().load(core) : bpusimCoreLoad{};
    return HB_UCP_SUCCESS;
  });
}

std::int32_t setFaults(const char* spec) {
  return extensionCall("setFaults", [&]() -> std::int32_t {
    if (const auto problem = faults::set(spec != nullptr ? spec : "")) {
      return reportFailure(HB_UCP_INVALID_ARGUMENT, *problem);
    }
    Scheduler::instance().applyCoreLoss();
    return HB_UCP_SUCCESS;
  });
}

std::int32_t releaseHangingTasks() {
  return extensionCall("releaseHangingTasks", []() -> std::int32_t {
    faults::releaseHanging();
    return HB_UCP_SUCCESS;
  });
}

std::int32_t setLoadOptions(const bpusimLoadOptions* options) {
  return forwarded<&ModelInterface::setLoadOptions>("setLoadOptions", options);
}

std::int32_t inferOutputProperties(hbDNNTensorProperties* outputs, const hbDNNTensor* inputs,
                                   std::int32_t trustDeclared, hbDNNHandle_t model) {
  return forwarded<&ModelInterface::inferOutputProperties>("inferOutputProperties", outputs, inputs, trustDeclared,
                                                           model);
}

const char* symbolicDimension(hbDNNHandle_t model, std::int32_t isOutput, std::int32_t tensor, std::int32_t dimension) {
  const char* name = nullptr;
  [[maybe_unused]] const std::int32_t status = extensionCall("symbolicDimension", [&]() -> std::int32_t {
    const ModelInterface* const dnn = models.load();
    name = dnn != nullptr ? dnn->symbolicDimension(model, isOutput, tensor, dimension) : nullptr;
    return HB_UCP_SUCCESS;
  });
  return name;
}

std::int32_t getOperations(const bpusimOperation** operations, std::int32_t* count, hbDNNHandle_t model) {
  return forwarded<&ModelInterface::getOperations>("getOperations", operations, count, model);
}

std::int32_t operatorTimes(const bpusimOperatorTime** times, std::int32_t* count, hbDNNHandle_t model) {
  return forwarded<&ModelInterface::operatorTimes>("operatorTimes", times, count, model);
}

std::int32_t setEnginePath(const char* path) {
  return forwarded<&ModelInterface::setEnginePath>("setEnginePath", path);
}

std::int32_t changeLogSink(bpusimLogSink sink, void* userdata, std::int32_t level) {
  return extensionCall("setLogSink", [&]() -> std::int32_t {
    setLogSink(sink, userdata, level);
    return HB_UCP_SUCCESS;
  });
}

std::int32_t taskTimes(bpusimTaskTimes* times, hbUCPTaskHandle_t handle) {
  return extensionCall("taskTimes", [&]() -> std::int32_t {
    if (times == nullptr) {
      return reportFailure(HB_UCP_INVALID_ARGUMENT, "times is NULL");
    }
    const std::shared_ptr<Task> task = TaskTable::instance().find(handle);
    return task != nullptr ? task->times(*times) : HB_UCP_TASK_HANDLE_INVALID;
  });
}

std::int32_t takeResults(bpusimResult* results, std::int32_t count, hbUCPTaskHandle_t task, std::int32_t subTask) {
  return forwarded<&ModelInterface::takeResults>("takeResults", results, count, task, subTask);
}

// Also in a forked child, where the memory is the child's own.
void releaseResult(void* owner) {
  if (const ModelInterface* const dnn = models.load(); dnn != nullptr) {
    dnn->releaseResult(owner);
  }
}

std::int32_t getEngine(const char** name, const char** reason, hbDNNHandle_t model) {
  return forwarded<&ModelInterface::getEngine>("getEngine", name, reason, model);
}

const char* describeEngines() {
  const char* text = "";
  [[maybe_unused]] const std::int32_t status = extensionCall("describeEngines", [&]() -> std::int32_t {
    const ModelInterface* const dnn = models.load();
    text = dnn != nullptr ? dnn->describeEngines() : "";
    return HB_UCP_SUCCESS;
  });
  return text;
}

std::int32_t engineMissing() {
  const ModelInterface* const dnn = models.load();
  return dnn != nullptr ? dnn->engineMissing() : 0;
}

std::int32_t submitHere(hbUCPTaskHandle_t handle, const hbUCPSchedParam* parameters) {
  return guarded("hbUCPSubmitTask", [&] {
    const std::shared_ptr<Task> task = TaskTable::instance().find(handle);
    return task != nullptr ? Scheduler::instance().submit(task, parameters, Scheduler::Where::kHere)
                           : HB_UCP_TASK_HANDLE_INVALID;
  });
}

constexpr bpusimInterface kInterface = {
    sizeof(bpusimInterface),
    BPUSIM_INTERFACE_VERSION,
    lastError,
    getLive,
    getCoreCount,
    getStrideAlignment,
    getCoreLoad,
    setFaults,
    releaseHangingTasks,
    setLoadOptions,
    inferOutputProperties,
    symbolicDimension,
    getOperations,
    operatorTimes,
    setEnginePath,
    changeLogSink,
    taskTimes,
    takeResults,
    releaseResult,
    lastErrorPlace,
    getEngine,
    describeEngines,
    engineMissing,
    submitHere,
};

// --- for libdnn

// That only a run can tell something is an answer, after which clients run the model.
std::int32_t failWithText(std::int32_t status, const char* text) {
  return reportFailure(status, text, status == HB_UCP_OP_CMD_UNAVAILABLE ? LogLevel::kInfo : LogLevel::kError);
}

std::int32_t append(hbUCPTaskHandle_t* handle, Job* job) {
  std::unique_ptr<Job> owned(job);
  try {
    if (*handle == nullptr) {
      return TaskTable::instance().create(std::move(owned), handle);
    }
    const std::shared_ptr<Task> task = TaskTable::instance().find(*handle);
    return task != nullptr ? task->append(std::move(owned)) : HB_UCP_TASK_HANDLE_INVALID;
  } catch (const std::bad_alloc&) {
    return reportFailure(HB_UCP_MEM_ALLOC_FAIL, "the process is out of memory");
  }
}

std::int32_t runNow(Job* job) {
  std::unique_ptr<Job> owned(job);
  try {
    if (job->cores() > 1) {
      return reportFailure(
          HB_UCP_API_USE_ERROR,
          "a model compiled for several cores cannot run synchronously; pass a task pointer and name the cores");
    }
    if (Scheduler::onWorker()) {
      return reportFailure(HB_UCP_API_USE_ERROR, "a callback cannot run a model synchronously: it holds a core itself");
    }
    const auto task = std::make_shared<Task>(std::move(owned));
    if (const std::int32_t status = Scheduler::instance().submit(task, nullptr); status != HB_UCP_SUCCESS) {
      return status;
    }
    const std::int32_t status = task->wait(0);
    task->release();
    return status;
  } catch (const std::bad_alloc&) {
    return reportFailure(HB_UCP_MEM_ALLOC_FAIL, "the process is out of memory");
  }
}

std::int32_t withEndedJob(hbUCPTaskHandle_t handle, std::int32_t subTask, std::int32_t (*visit)(Job*, void*),
                          void* context) {
  const std::shared_ptr<Task> task = TaskTable::instance().find(handle);
  return task != nullptr ? task->withEndedJob(subTask, visit, context) : HB_UCP_TASK_HANDLE_INVALID;
}

std::shared_ptr<const void> memoryAt(const void* address, std::uint64_t size) {
  return DeviceMemory::instance().blockAt(address, size);
}

void countResult(std::int64_t results, std::uint64_t size) { DeviceMemory::instance().countResult(results, size); }

const Platform* platform() { return &settings().platform; }

void logText(LogLevel level, const char* text) { log(level, text); }

bool logsLevel(LogLevel level) { return logs(level); }

void registerModels(const ModelInterface* interface) { models.store(interface); }

constexpr TaskInterface kTaskInterface = {
    admitCall,   admitTextCall, failWithText, append,    runNow,         withEndedJob,   memoryAt,
    countResult, platform,      logText,      logsLevel, registerModels, noteErrorPlace,
};

}  // namespace
}  // namespace bpusim

extern "C" const void* bpusimGetInterface(std::uint32_t version) {
  switch (version) {
    case BPUSIM_INTERFACE_VERSION:
      return &bpusim::kInterface;
    case bpusim::kTaskInterfaceVersion:
      return &bpusim::kTaskInterface;
    default:
      return nullptr;
  }
}
