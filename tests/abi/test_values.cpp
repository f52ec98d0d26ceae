// What only shows at run time, or to the eyes of another language.
#include <cstdint>
#include <type_traits>

#include "hobot/dnn/hb_dnn.h"
#include "support/check.hpp"

extern "C" hbUCPSchedParam abiDefaults(void);

TEST(default_scheduling_is_lowest_priority_on_any_core) {
  hbUCPSchedParam here = {9, 9, 9, 9};
  HB_UCP_INITIALIZE_SCHED_PARAM(&here);
  for (const hbUCPSchedParam& param : {abiDefaults(), here}) {
    CHECK_EQ(param.priority, 0);
    CHECK_EQ(param.customId, 0);
    CHECK_EQ(param.backend, std::uint64_t{0});
    CHECK_EQ(param.deviceId, 0U);
  }
}

// Arguments as the facts give them. A function that the headers lack does not compile.
#define SIGNATURE(function, ...) static_assert(std::is_same_v<decltype(&function), __VA_ARGS__>)
using Status = std::int32_t;
SIGNATURE(hbDNNGetVersion, const char* (*)());
SIGNATURE(hbDNNInitializeFromFiles, Status (*)(void**, const char**, std::int32_t));
SIGNATURE(hbDNNInitializeFromDDR, Status (*)(void**, const void**, std::int32_t*, std::int32_t));
SIGNATURE(hbDNNRelease, Status (*)(void*));
SIGNATURE(hbDNNGetModelNameList, Status (*)(const char***, std::int32_t*, void*));
SIGNATURE(hbDNNGetModelHandle, Status (*)(void**, void*, const char*));
SIGNATURE(hbDNNGetInputCount, Status (*)(std::int32_t*, void*));
SIGNATURE(hbDNNGetOutputCount, Status (*)(std::int32_t*, void*));
SIGNATURE(hbDNNGetInputName, Status (*)(const char**, void*, std::int32_t));
SIGNATURE(hbDNNGetOutputName, Status (*)(const char**, void*, std::int32_t));
SIGNATURE(hbDNNGetInputTensorProperties, Status (*)(hbDNNTensorProperties*, void*, std::int32_t));
SIGNATURE(hbDNNGetOutputTensorProperties, Status (*)(hbDNNTensorProperties*, void*, std::int32_t));
SIGNATURE(hbDNNGetInputDesc, Status (*)(const char**, std::uint32_t*, std::int32_t*, void*, std::int32_t));
SIGNATURE(hbDNNGetOutputDesc, Status (*)(const char**, std::uint32_t*, std::int32_t*, void*, std::int32_t));
SIGNATURE(hbDNNGetModelDesc, Status (*)(const char**, std::uint32_t*, std::int32_t*, void*));
SIGNATURE(hbDNNGetHBMDesc, Status (*)(const char**, std::uint32_t*, std::int32_t*, void*, std::int32_t));
SIGNATURE(hbDNNGetCompileBpuCoreNum, Status (*)(std::int32_t*, void*));
SIGNATURE(hbDNNInferV2, Status (*)(void**, hbDNNTensor*, const hbDNNTensor*, void*));
SIGNATURE(hbDNNGetTaskOutputTensorProperties, Status (*)(hbDNNTensorProperties*, void*, std::int32_t, std::int32_t));
SIGNATURE(hbDNNGetErrorDesc, const char* (*)(std::int32_t));
SIGNATURE(hbUCPGetVersion, const char* (*)());
SIGNATURE(hbUCPGetSocName, const char* (*)());
SIGNATURE(hbUCPMalloc, Status (*)(hbUCPSysMem*, std::uint64_t, std::int32_t));
SIGNATURE(hbUCPMallocCached, Status (*)(hbUCPSysMem*, std::uint64_t, std::int32_t));
SIGNATURE(hbUCPFree, Status (*)(hbUCPSysMem*));
SIGNATURE(hbUCPMemFlush, Status (*)(const hbUCPSysMem*, std::int32_t));
SIGNATURE(hbUCPSubmitTask, Status (*)(void*, hbUCPSchedParam*));
SIGNATURE(hbUCPWaitTaskDone, Status (*)(void*, std::int32_t));
SIGNATURE(hbUCPSetTaskDoneCb, Status (*)(void*, void (*)(void*, std::int32_t, void*), void*));
SIGNATURE(hbUCPReleaseTask, Status (*)(void*));
SIGNATURE(hbUCPGetErrorDesc, const char* (*)(std::int32_t));

// Fields of the structures.
#define FIELD(type, field, ...) static_assert(std::is_same_v<decltype(type::field), __VA_ARGS__>)
FIELD(hbDNNTensorShape, dimensionSize, std::int32_t[10]);
FIELD(hbDNNTensorShape, numDimensions, std::int32_t);
FIELD(hbDNNQuantiScale, scaleLen, std::int32_t);
FIELD(hbDNNQuantiScale, scaleData, float*);
FIELD(hbDNNQuantiScale, zeroPointLen, std::int32_t);
FIELD(hbDNNQuantiScale, zeroPointData, std::int32_t*);
FIELD(hbDNNTensorProperties, tensorType, std::int32_t);
FIELD(hbDNNTensorProperties, quantiType, hbDNNQuantiType);
FIELD(hbDNNTensorProperties, quantizeAxis, std::int32_t);
FIELD(hbDNNTensorProperties, alignedByteSize, std::int64_t);
FIELD(hbDNNTensorProperties, stride, std::int64_t[10]);
FIELD(hbUCPSysMem, phyAddr, std::uint64_t);
FIELD(hbUCPSysMem, virAddr, void*);
FIELD(hbUCPSysMem, memSize, std::uint64_t);
FIELD(hbUCPSchedParam, priority, std::int32_t);
FIELD(hbUCPSchedParam, customId, std::int64_t);
FIELD(hbUCPSchedParam, backend, std::uint64_t);
FIELD(hbUCPSchedParam, deviceId, std::uint32_t);
