// Sizes, offsets and values that the driver's binaries have (LP64). A mistake in a header stops the build here.
#include <cstddef>

#include "hobot/dnn/hb_dnn.h"

static_assert(sizeof(hbDNNTensorShape) == 44);
static_assert(offsetof(hbDNNTensorShape, numDimensions) == 40);

static_assert(sizeof(hbDNNQuantiScale) == 32);
static_assert(offsetof(hbDNNQuantiScale, scaleData) == 8);
static_assert(offsetof(hbDNNQuantiScale, zeroPointLen) == 16);
static_assert(offsetof(hbDNNQuantiScale, zeroPointData) == 24);

static_assert(sizeof(hbDNNTensorProperties) == 176);
static_assert(offsetof(hbDNNTensorProperties, tensorType) == 44);
static_assert(offsetof(hbDNNTensorProperties, scale) == 48);
static_assert(offsetof(hbDNNTensorProperties, quantiType) == 80);
static_assert(offsetof(hbDNNTensorProperties, quantizeAxis) == 84);
static_assert(offsetof(hbDNNTensorProperties, alignedByteSize) == 88);
static_assert(offsetof(hbDNNTensorProperties, stride) == 96);

static_assert(sizeof(hbUCPSysMem) == 24);
static_assert(offsetof(hbUCPSysMem, virAddr) == 8);
static_assert(offsetof(hbUCPSysMem, memSize) == 16);

static_assert(sizeof(hbDNNTensor) == 200);
static_assert(offsetof(hbDNNTensor, properties) == 24);

static_assert(sizeof(hbUCPSchedParam) == 32);
static_assert(offsetof(hbUCPSchedParam, customId) == 8);
static_assert(offsetof(hbUCPSchedParam, backend) == 16);
static_assert(offsetof(hbUCPSchedParam, deviceId) == 24);

static_assert(HB_DNN_TENSOR_TYPE_S4 == 0 && HB_DNN_TENSOR_TYPE_F32 == 7 && HB_DNN_TENSOR_TYPE_S32 == 8);
static_assert(HB_DNN_TENSOR_TYPE_BOOL8 == 13 && HB_DNN_TENSOR_TYPE_MAX == 14);
static_assert(NONE == 0 && SCALE == 1);
static_assert(HB_DNN_DESC_TYPE_STRING == 1);
static_assert(HB_SYS_MEM_CACHE_INVALIDATE == 1 && HB_SYS_MEM_CACHE_CLEAN == 2);
static_assert(HB_UCP_BPU_CORE_ANY == 0x80 && HB_UCP_CORE_ANY == 0);
