// HBM_API marks what the shared library of the C++ SDK exports.
#pragma once

#if defined(HBM_STATIC)
#define HBM_API
#else
#define HBM_API __attribute__((visibility("default")))
#endif
