/* Runs a model once through the driver's C functions, and prints what comes out.
 *   cc -std=c11 run_model.c -o run_model -ldnn -lhbucp
 *   ./run_model model.hbm [model's name]
 * On a board the headers are in /usr/include and the libraries in /usr/hobot/lib. On a PC give cc -I and -L (and
 * LD_LIBRARY_PATH when running) the folders of the SDK's headers and of bpusim. The inputs are all zero. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hobot/dnn/hb_dnn.h"
#include "hobot/hb_ucp.h"
#include "hobot/hb_ucp_sys.h"

/* Every tensor of the model, inputs first. */
typedef struct Tensors {
  hbDNNTensor* all;
  int32_t inputs;
  int32_t outputs;
} Tensors;

/* Says which call failed and why. Returns 1 for success. */
static int ok(int32_t status, const char* call) {
  if (status == HB_UCP_SUCCESS) {
    return 1;
  }
  fprintf(stderr, "%s: %s (%d)\n", call, hbDNNGetErrorDesc(status), (int)status);
  return 0;
}

static void printTensor(const char* kind, const char* name, const hbDNNTensorProperties* properties) {
  printf("%s %s: type %d, shape", kind, name, (int)properties->tensorType);
  for (int32_t i = 0; i < properties->validShape.numDimensions; ++i) {
    printf(" %d", (int)properties->validShape.dimensionSize[i]);
  }
  printf("\n");
}

/* Fills the strides that the model leaves to its caller (NV12 inputs): rows rounded up to 64 bytes suit every board.
 * Returns the size of the tensor's memory, or 0 when a dimension is open, too. */
static uint64_t completeStrides(hbDNNTensorProperties* properties) {
  const int32_t rank = properties->validShape.numDimensions;
  for (int32_t i = rank - 1; i >= 0; --i) {
    if (properties->validShape.dimensionSize[i] < 0) {
      return 0;
    }
    if (properties->stride[i] < 0) {
      const int64_t row = properties->stride[i + 1] * properties->validShape.dimensionSize[i + 1];
      properties->stride[i] = (row + 63) / 64 * 64;
    }
  }
  if (properties->alignedByteSize > 0) {
    return (uint64_t)properties->alignedByteSize;
  }
  return rank > 0 ? (uint64_t)(properties->stride[0] * properties->validShape.dimensionSize[0]) : 0;
}

/* Memory for one tensor, zero-filled. */
static int prepare(hbDNNTensor* tensor, const char* name) {
  const uint64_t size = completeStrides(&tensor->properties);
  if (size == 0) {
    fprintf(stderr, "tensor %s has a shape that only its caller knows; this example has none to give\n", name);
    return 0;
  }
  if (!ok(hbUCPMallocCached(&tensor->sysMem, size, 0), "hbUCPMallocCached")) {
    return 0;
  }
  memset(tensor->sysMem.virAddr, 0, size);
  return ok(hbUCPMemFlush(&tensor->sysMem, HB_SYS_MEM_CACHE_CLEAN), "hbUCPMemFlush");
}

static int prepareAll(Tensors* tensors, hbDNNHandle_t model) {
  if (!ok(hbDNNGetInputCount(&tensors->inputs, model), "hbDNNGetInputCount") ||
      !ok(hbDNNGetOutputCount(&tensors->outputs, model), "hbDNNGetOutputCount")) {
    return 0;
  }
  tensors->all = calloc((size_t)(tensors->inputs + tensors->outputs), sizeof(hbDNNTensor));
  if (tensors->all == NULL) {
    return 0;
  }
  for (int32_t i = 0; i < tensors->inputs + tensors->outputs; ++i) {
    hbDNNTensor* const tensor = &tensors->all[i];
    const int32_t output = i - tensors->inputs;
    const char* name = NULL;
    const int known = output < 0 ? ok(hbDNNGetInputName(&name, model, i), "hbDNNGetInputName") &&
                                       ok(hbDNNGetInputTensorProperties(&tensor->properties, model, i),
                                          "hbDNNGetInputTensorProperties")
                                 : ok(hbDNNGetOutputName(&name, model, output), "hbDNNGetOutputName") &&
                                       ok(hbDNNGetOutputTensorProperties(&tensor->properties, model, output),
                                          "hbDNNGetOutputTensorProperties");
    if (!known) {
      return 0;
    }
    printTensor(output < 0 ? "input" : "output", name, &tensor->properties);
    if (!prepare(tensor, name)) {
      return 0;
    }
  }
  return 1;
}

static int runOnce(const Tensors* tensors, hbDNNHandle_t model) {
  hbUCPTaskHandle_t task = NULL; /* NULL: make a new task */
  hbDNNTensor* const outputs = tensors->all + tensors->inputs;
  hbUCPSchedParam param;
  HB_UCP_INITIALIZE_SCHED_PARAM(&param);
  param.backend = HB_UCP_BPU_CORE_ANY;
  if (!ok(hbDNNInferV2(&task, outputs, tensors->all, model), "hbDNNInferV2")) {
    return 0;
  }
  int good =
      ok(hbUCPSubmitTask(task, &param), "hbUCPSubmitTask") && ok(hbUCPWaitTaskDone(task, 0), "hbUCPWaitTaskDone");
  for (int32_t i = 0; good && i < tensors->outputs; ++i) {
    good = ok(hbUCPMemFlush(&outputs[i].sysMem, HB_SYS_MEM_CACHE_INVALIDATE), "hbUCPMemFlush");
    const unsigned char* const bytes = outputs[i].sysMem.virAddr;
    printf("output %d begins with the bytes", (int)i);
    for (uint64_t at = 0; at < 8 && at < outputs[i].sysMem.memSize; ++at) {
      printf(" %02x", bytes[at]);
    }
    printf("\n");
  }
  /* Failed tasks need it, too. */
  return ok(hbUCPReleaseTask(task), "hbUCPReleaseTask") && good;
}

int main(int argc, char** argv) {
  if (argc != 2 && argc != 3) {
    fprintf(stderr, "usage: %s model.hbm [model's name]\n", argv[0]);
    return 2;
  }
  const char* files[] = {argv[1]};
  hbDNNPackedHandle_t packed = NULL;
  if (!ok(hbDNNInitializeFromFiles(&packed, files, 1), "hbDNNInitializeFromFiles")) {
    return 1;
  }
  const char** names = NULL;
  int32_t count = 0;
  hbDNNHandle_t model = NULL;
  Tensors tensors = {NULL, 0, 0};
  int good = ok(hbDNNGetModelNameList(&names, &count, packed), "hbDNNGetModelNameList");
  if (good) {
    const char* const name = argc == 3 ? argv[2] : names[0];
    printf("driver %s, libhbucp %s on %s; model %s, 1 of %d\n", hbDNNGetVersion(), hbUCPGetVersion(), hbUCPGetSocName(),
           name, (int)count);
    good = ok(hbDNNGetModelHandle(&model, packed, name), "hbDNNGetModelHandle") && prepareAll(&tensors, model) &&
           runOnce(&tensors, model);
  }
  for (int32_t i = 0; tensors.all != NULL && i < tensors.inputs + tensors.outputs; ++i) {
    if (tensors.all[i].sysMem.virAddr != NULL) {
      good = ok(hbUCPFree(&tensors.all[i].sysMem), "hbUCPFree") && good;
    }
  }
  free(tensors.all);
  good = ok(hbDNNRelease(packed), "hbDNNRelease") && good;
  return good ? 0 : 1;
}
