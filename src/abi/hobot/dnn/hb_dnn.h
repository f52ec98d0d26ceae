/* Models, tensors and inference of libdnn. */
#ifndef HOBOT_DNN_HB_DNN_H_
#define HOBOT_DNN_HB_DNN_H_

#include <stdint.h>

#include "hobot/dnn/hb_dnn_status.h"
#include "hobot/hb_ucp.h"
#include "hobot/hb_ucp_sys.h"

#ifdef __cplusplus
extern "C" {
#endif

#define HB_DNN_TENSOR_MAX_DIMENSIONS 10

typedef void* hbDNNPackedHandle_t; /* the models of one or more files */
typedef void* hbDNNHandle_t;       /* one model; lives as long as its packed handle */

typedef enum hbDNNDataType {
  HB_DNN_TENSOR_TYPE_S4 = 0,
  HB_DNN_TENSOR_TYPE_U4 = 1,
  HB_DNN_TENSOR_TYPE_S8 = 2,
  HB_DNN_TENSOR_TYPE_U8 = 3,
  HB_DNN_TENSOR_TYPE_F16 = 4,
  HB_DNN_TENSOR_TYPE_S16 = 5,
  HB_DNN_TENSOR_TYPE_U16 = 6,
  HB_DNN_TENSOR_TYPE_F32 = 7,
  HB_DNN_TENSOR_TYPE_S32 = 8,
  HB_DNN_TENSOR_TYPE_U32 = 9,
  HB_DNN_TENSOR_TYPE_F64 = 10,
  HB_DNN_TENSOR_TYPE_S64 = 11,
  HB_DNN_TENSOR_TYPE_U64 = 12,
  HB_DNN_TENSOR_TYPE_BOOL8 = 13,
  HB_DNN_TENSOR_TYPE_MAX = 14
} hbDNNDataType;

typedef enum hbDNNQuantiType { NONE = 0, SCALE = 1 } hbDNNQuantiType;

typedef enum hbDNNDescType { HB_DNN_DESC_TYPE_UNKNOWN = 0, HB_DNN_DESC_TYPE_STRING = 1 } hbDNNDescType;

/* A dimension of -1 is dynamic: the caller fills it before inference. */
typedef struct hbDNNTensorShape {
  int32_t dimensionSize[HB_DNN_TENSOR_MAX_DIMENSIONS];
  int32_t numDimensions;
} hbDNNTensorShape;

/* real = (stored - zeroPoint) * scale; lengths are 0, 1 or the size of the quantised axis. */
typedef struct hbDNNQuantiScale {
  int32_t scaleLen;
  float* scaleData;
  int32_t zeroPointLen;
  int32_t* zeroPointData;
} hbDNNQuantiScale;

typedef struct hbDNNTensorProperties {
  hbDNNTensorShape validShape;
  int32_t tensorType; /* hbDNNDataType */
  hbDNNQuantiScale scale;
  hbDNNQuantiType quantiType;
  int32_t quantizeAxis;
  int64_t alignedByteSize;                      /* bytes to allocate; -1 when it depends on the caller */
  int64_t stride[HB_DNN_TENSOR_MAX_DIMENSIONS]; /* bytes; -1 is dynamic */
} hbDNNTensorProperties;

typedef struct hbDNNTensor {
  hbUCPSysMem sysMem;
  hbDNNTensorProperties properties;
} hbDNNTensor;

const char* hbDNNGetVersion(void);

int32_t hbDNNInitializeFromFiles(hbDNNPackedHandle_t* packedHandle, const char** files, int32_t fileCount);
int32_t hbDNNInitializeFromDDR(hbDNNPackedHandle_t* packedHandle, const void** data, int32_t* lengths,
                               int32_t dataCount);
int32_t hbDNNRelease(hbDNNPackedHandle_t packedHandle);

int32_t hbDNNGetModelNameList(const char*** names, int32_t* count, hbDNNPackedHandle_t packedHandle);
int32_t hbDNNGetModelHandle(hbDNNHandle_t* model, hbDNNPackedHandle_t packedHandle, const char* name);

int32_t hbDNNGetInputCount(int32_t* count, hbDNNHandle_t model);
int32_t hbDNNGetInputName(const char** name, hbDNNHandle_t model, int32_t index);
int32_t hbDNNGetInputTensorProperties(hbDNNTensorProperties* properties, hbDNNHandle_t model, int32_t index);
int32_t hbDNNGetOutputCount(int32_t* count, hbDNNHandle_t model);
int32_t hbDNNGetOutputName(const char** name, hbDNNHandle_t model, int32_t index);
int32_t hbDNNGetOutputTensorProperties(hbDNNTensorProperties* properties, hbDNNHandle_t model, int32_t index);

/* Descriptions: size bytes at desc, not necessarily terminated; type is one of hbDNNDescType. */
int32_t hbDNNGetInputDesc(const char** desc, uint32_t* size, int32_t* type, hbDNNHandle_t model, int32_t index);
int32_t hbDNNGetOutputDesc(const char** desc, uint32_t* size, int32_t* type, hbDNNHandle_t model, int32_t index);
int32_t hbDNNGetModelDesc(const char** desc, uint32_t* size, int32_t* type, hbDNNHandle_t model);
int32_t hbDNNGetHBMDesc(const char** desc, uint32_t* size, int32_t* type, hbDNNPackedHandle_t packedHandle,
                        int32_t fileIndex);

int32_t hbDNNGetCompileBpuCoreNum(int32_t* count, hbDNNHandle_t model);

/* Makes an inference task, or adds one to *task, or, when task is NULL, runs to the end before it returns. */
int32_t hbDNNInferV2(hbUCPTaskHandle_t* task, hbDNNTensor* outputs, const hbDNNTensor* inputs, hbDNNHandle_t model);

/* Real properties of an output; after the task has ended and before it is released. */
int32_t hbDNNGetTaskOutputTensorProperties(hbDNNTensorProperties* properties, hbUCPTaskHandle_t task,
                                           int32_t subTaskIndex, int32_t outputIndex);

const char* hbDNNGetErrorDesc(int32_t status);

#ifdef __cplusplus
}
#endif

#endif /* HOBOT_DNN_HB_DNN_H_ */
