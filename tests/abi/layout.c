/* What a C compiler makes of the headers; src/abi/abi_layout.cpp asserts the same for C++. */
#include <stddef.h>

#include "hobot/dnn/hb_dnn.h"

#define ABI_SIZE(type, bytes) _Static_assert(sizeof(type) == (bytes), #type);
#define ABI_OFFSET(type, field, bytes) _Static_assert(offsetof(type, field) == (bytes), #type "." #field);
#define ABI_VALUE(name, number) _Static_assert((long long)(name) == (number), #name);
#include "layout.inc"

/* For test_values.cpp. */
hbUCPSchedParam abiDefaults(void);
hbUCPSchedParam abiDefaults(void) {
  hbUCPSchedParam param = {9, 9, 9, 9};
  HB_UCP_INITIALIZE_SCHED_PARAM(&param);
  return param;
}
