/* The driver extension: what bpusim can tell and the vendor's ABI cannot express.
 *
 * libhbucp.so of bpusim exports one more function, bpusimGetInterface, at version node BPUSIM_1. A client looks it up;
 * a driver without it is not bpusim. The struct only grows at its end: `size` says how much of it is there.
 * Functions are thread-safe, return a status of hb_ucp_status.h unless they say otherwise, and never throw.
 */
#ifndef BPUSIM_EXTENSION_H_
#define BPUSIM_EXTENSION_H_

#include <stdint.h>

#include "hobot/dnn/hb_dnn.h"

#ifdef __cplusplus
extern "C" {
#endif

#define BPUSIM_INTERFACE_VERSION 1u

/* What clients hold at this moment. All of it is zero when nothing leaked, except the running count. */
typedef struct bpusimLive {
  int64_t tasks;           /* task handles not yet released */
  int64_t packedModels;    /* packed handles not yet released */
  int64_t allocations;     /* hbUCPMalloc and hbUCPMallocCached blocks not yet freed, results not yet released */
  int64_t allocatedBytes;  /* their sizes */
  int64_t allocationCalls; /* hbUCPMalloc and hbUCPMallocCached calls so far: constant in a steady loop */
} bpusimLive;

typedef struct bpusimCoreLoad {
  int64_t busyNs;        /* time spent in tasks since the driver was loaded, nanoseconds */
  int64_t finishedTasks; /* tasks ended on this core */
  int32_t running;       /* 1 while it runs a task */
  int32_t queued;        /* submitted tasks that wait and may run on this core */
} bpusimCoreLoad;

/* How the models of this thread's following hbDNNInitializeFrom... calls are loaded; load_options.inc says what the
 * fields mean. Flags are 0 or 1. Zero or NULL: the default. */
typedef struct bpusimLoadOptions {
  uint32_t size; /* sizeof(bpusimLoadOptions) */
#define BPUSIM_LOAD_NUMBER(field, keyword) int32_t field;
#define BPUSIM_LOAD_NUMBERS(field, count, keyword) \
  const int32_t* field;                            \
  int32_t count;
#define BPUSIM_LOAD_FLAG(field, keyword) int32_t field;
#define BPUSIM_LOAD_TEXTS(field, count, keyword) \
  const char* const* field;                      \
  int32_t count;
#define BPUSIM_LOAD_PATH(field, keyword) const char* field;
#define BPUSIM_LOAD_TEXT(field, keyword) const char* field;
#define BPUSIM_LOAD_INTERNAL_FLAG(field) int32_t field;
#include "bpusim/load_options.inc"
} bpusimLoadOptions;

typedef struct bpusimOperation {
  const char* name; /* of the node; owned by the model */
  const char* type; /* ONNX operator, such as "Conv" */
} bpusimOperation;

typedef struct bpusimOperatorTime {
  const char* name; /* owned by the model, valid until the next operatorTimes call for it */
  const char* type;
  int64_t beginNs; /* of CLOCK_MONOTONIC */
  int64_t durationNs;
  int64_t thread; /* kernel id of the thread that ran it */
} bpusimOperatorTime;

/* When a task ran, in nanoseconds of CLOCK_MONOTONIC: from its first beginning on a core to its end, whatever ran in
 * between. */
typedef struct bpusimTaskTimes {
  int64_t beginNs;
  int64_t endNs;
  int64_t thread; /* kernel id of the core's thread that ended it */
  int32_t core;   /* the lowest one of those that it ended on */
} bpusimTaskTimes;

/* A result that lies in memory of the driver. */
typedef struct bpusimResult {
  void* data;    /* dense, the last dimension innermost; the client may write to it */
  uint64_t size; /* bytes */
  void* owner;   /* for releaseResult; NULL: the result is in the memory that the client gave */
} bpusimResult;

typedef void (*bpusimLogSink)(int32_t level, const char* text, void* userdata);

typedef struct bpusimInterface {
  uint32_t size;    /* sizeof(bpusimInterface) in the driver */
  uint32_t version; /* BPUSIM_INTERFACE_VERSION */

  /* Text of the last failing driver call on this thread, "" when there is none. Valid until the next failure. */
  const char* (*lastError)(void);

  int32_t (*getLive)(bpusimLive* live);

  int32_t (*getCoreCount)(int32_t* count);
  int32_t (*getStrideAlignment)(int32_t* bytes); /* of dynamic strides on this SoC */
  int32_t (*getCoreLoad)(bpusimCoreLoad* load, int32_t core);

  /* Replaces all faults by those of spec, in the grammar of BPUSIM_FAULT; NULL or "" removes them. */
  int32_t (*setFaults)(const char* spec);
  /* Lets tasks that a fault keeps hanging go on. */
  int32_t (*releaseHangingTasks)(void);

  /* For this thread; NULL restores the defaults. Strings and arrays are copied. */
  int32_t (*setLoadOptions)(const bpusimLoadOptions* options);

  /* Output shapes, strides and sizes for the shapes in inputs[i].properties.validShape, without running the model; the
   * answer is remembered. Fails with HB_UCP_INVALID_ARGUMENT when the model cannot run with these shapes, and with
   * HB_UCP_OP_CMD_UNAVAILABLE when only a run can tell the shape of some outputs: those get numDimensions -1, the
   * others their properties. With trustDeclared 1 the shape that the model declares counts for such an output, if
   * complete. */
  int32_t (*inferOutputProperties)(hbDNNTensorProperties* outputs, const hbDNNTensor* inputs, int32_t trustDeclared,
                                   hbDNNHandle_t model);

  /* Name of a symbolic dimension, NULL when it has none. Owned by the model. */
  const char* (*symbolicDimension)(hbDNNHandle_t model, int32_t isOutput, int32_t tensor, int32_t dimension);

  int32_t (*getOperations)(const bpusimOperation** operations, int32_t* count, hbDNNHandle_t model);

  /* Operator times of the model's runs since the last call; needs bpusimLoadOptions.profile. */
  int32_t (*operatorTimes)(const bpusimOperatorTime** times, int32_t* count, hbDNNHandle_t model);

  /* Where to look for the engine's library (a file or its directory) after BPUSIM_ENGINE_PATH; NULL forgets it. Has an
   * effect until the engine is loaded, which the first model does. */
  int32_t (*setEnginePath)(const char* path);

  /* Sends log lines of this level and above (0 trace to 5 critical, 6 none) to sink instead of stderr; NULL restores
   * the default. sink is called from any thread and must not call the driver. A file of HB_UCP_LOG_PATH gets them. */
  int32_t (*setLogSink)(bpusimLogSink sink, void* userdata, int32_t level);

  /* Of a task that has ended, well or not, and was not released. */
  int32_t (*taskTimes)(bpusimTaskTimes* times, hbUCPTaskHandle_t task);

  /* Delivery of results, for models loaded with bpusimLoadOptions.deliverOutputs. In a task of such a model an output
   * may be given to hbDNNInferV2 without memory (virAddr NULL and memSize 0), and a result that does not suit the
   * memory given for it (it has another shape than the model declares) is no failure: the driver keeps both kinds, and
   * after the task has ended well hbDNNGetTaskOutputTensorProperties gives their real shape and the strides that such a
   * tensor has in device memory.
   *
   * takeResults hands over what the sub-task has kept, once; count is the model's number of outputs. Each result with
   * an owner stays valid until releaseResult(owner), also after the task and the model were released. Until then it
   * counts in bpusimLive as an allocation of the client. */
  int32_t (*takeResults)(bpusimResult* results, int32_t count, hbUCPTaskHandle_t task, int32_t subTaskIndex);
  void (*releaseResult)(void* owner);

  /* Model and tensor that the failure of lastError() is about, "" where they are not known. Valid as its text is. */
  void (*lastErrorPlace)(const char** model, const char** tensor);

  /* The engine that computes a model ("onnxruntime", or the load option's name of a plug-in), and why it is not the one
   * that was asked for, "" when it is. Owned by the model. */
  int32_t (*getEngine)(const char** name, const char** reason, hbDNNHandle_t model);
  /* Engines in use with their versions, and those reasons of all loaded models. Valid until this thread's next call. */
  const char* (*describeEngines)(void);

  /* 1 after the engine's library was looked for in vain, until it is found; else 0. */
  int32_t (*engineMissing)(void);

  /* As hbUCPSubmitTask, under whose name it counts for faults, for threads that will do nothing but wait for the task.
   * Where the task gets a core at once this thread may compute it in place of the core's own, and the task has ended
   * when the call returns; it cannot be interrupted meanwhile. */
  int32_t (*submitHere)(hbUCPTaskHandle_t task, const hbUCPSchedParam* parameters);
} bpusimInterface;

/* The interface of this version, or NULL when the driver does not know it. Lives as long as the library. */
const void* bpusimGetInterface(uint32_t version);

#ifdef __cplusplus
}
#endif

#endif /* BPUSIM_EXTENSION_H_ */
