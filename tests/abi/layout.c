/* What a C compiler makes of the structures; abi_layout.cpp asserts the same for C++. */
#include <stddef.h>

#include "hobot/dnn/hb_dnn.h"

_Static_assert(sizeof(hbDNNTensorShape) == 44, "shape");
_Static_assert(sizeof(hbDNNQuantiScale) == 32, "scale");
_Static_assert(sizeof(hbDNNTensorProperties) == 176, "properties");
_Static_assert(sizeof(hbUCPSysMem) == 24, "memory");
_Static_assert(sizeof(hbDNNTensor) == 200, "tensor");
_Static_assert(sizeof(hbUCPSchedParam) == 32, "scheduling");
_Static_assert(offsetof(hbDNNTensorProperties, quantizeAxis) == 84, "axis");
_Static_assert(offsetof(hbDNNTensorProperties, alignedByteSize) == 88, "size");
_Static_assert(offsetof(hbDNNTensorProperties, stride) == 96, "stride");
_Static_assert(offsetof(hbUCPSchedParam, backend) == 16, "backend");
_Static_assert(sizeof(hbDNNQuantiType) == 4, "enumerations are 4 bytes");

/* Values as C sees them, for test_values.cpp. */
uint64_t abiBackends(int index);
uint64_t abiBackends(int index) {
  const uint64_t backends[] = {HB_UCP_CORE_ANY,     HB_UCP_BPU_CORE_0,   HB_UCP_BPU_CORE_3,       HB_UCP_BPU_CORE_ANY,
                               HB_UCP_DSP_CORE_ANY, HB_UCP_GDC_CORE_ANY, HB_UCP_STITCH_CORE_0,    HB_UCP_LKOF_CORE_0,
                               HB_UCP_JPU_CORE_ANY, HB_UCP_VPU_CORE_ANY, HB_UCP_PYRAMID_CORE_ANY, HB_UCP_ISP_CORE_3};
  return backends[index];
}

hbUCPSchedParam abiDefaults(void);
hbUCPSchedParam abiDefaults(void) {
  hbUCPSchedParam param = {9, 9, 9, 9};
  HB_UCP_INITIALIZE_SCHED_PARAM(&param);
  return param;
}
