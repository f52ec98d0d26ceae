// A mistake in a header stops the build here.
#include <cstddef>

#include "hobot/dnn/hb_dnn.h"

#define ABI_SIZE(type, bytes) static_assert(sizeof(type) == (bytes));
#define ABI_OFFSET(type, field, bytes) static_assert(offsetof(type, field) == (bytes));
#define ABI_VALUE(name, number) static_assert(static_cast<long long>(name) == (number));
#include "layout.inc"
