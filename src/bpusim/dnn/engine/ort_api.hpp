// The part of ONNX Runtime's C ABI that bpusim uses. Its functions are entries of one table whose positions never
// change; the number before each name is its position.
#pragma once

#include <cstddef>
#include <cstdint>

namespace bpusim::ort {

struct Status;
struct Env;
struct Session;
struct SessionOptions;
struct RunOptions;
struct Value;
struct MemoryInfo;
struct TypeInfo;
struct TensorInfo;
struct ModelMetadata;
struct Allocator;
struct EpDevice;
struct HardwareDevice;
struct KeyValuePairs;

enum ElementType : std::int32_t {
  kFloat = 1,
  kUint8,
  kInt8,
  kUint16,
  kInt16,
  kInt32,
  kInt64,
  kString,
  kBool,
  kFloat16,
  kDouble,
  kUint32,
  kUint64,
  kComplex64,
  kComplex128,
  kBfloat16
};
enum ValueType : std::int32_t { kTensor = 1, kSequence, kMap, kOpaque, kSparseTensor, kOptional };
enum Severity : std::int32_t { kVerbose, kInfo, kWarning, kError, kFatal };
enum Optimisation : std::int32_t {
  kNoOptimisation = 0,
  kBasicOptimisation = 1,
  kExtendedOptimisation = 2,
  kAllOptimisations = 99
};
enum ErrorCode : std::int32_t { kNoModel = 4, kInvalidProtobuf = 7 };
enum AllocatorType : std::int32_t { kDeviceAllocator = 0 };
enum DeviceType : std::int32_t { kCpuDevice = 0 };
enum MemoryType : std::int32_t { kDefaultMemory = 0 };

using LogFunction = void (*)(void* context, std::int32_t severity, const char* category, const char* id,
                             const char* location, const char* text);

using ThreadFunction = void (*)(void* context);
using CreateThread = void* (*)(void* options, ThreadFunction function, void* context);
using JoinThread = void (*)(void* thread);

// BPUSIM_ORT_FUNCTION(position, first API version that has it, result, name, arguments)
#define BPUSIM_ORT_FUNCTIONS(F)                                                                                        \
  F(1, 1, std::int32_t, GetErrorCode, (const Status*))                                                                 \
  F(2, 1, const char*, GetErrorMessage, (const Status*))                                                               \
  F(4, 1, Status*, CreateEnvWithCustomLogger, (LogFunction, void*, std::int32_t, const char*, Env**))                  \
  F(6, 1, Status*, DisableTelemetryEvents, (const Env*))                                                               \
  F(7, 1, Status*, CreateSession, (const Env*, const char*, const SessionOptions*, Session**))                         \
  F(8, 1, Status*, CreateSessionFromArray, (const Env*, const void*, std::size_t, const SessionOptions*, Session**))   \
  F(9, 1, Status*, Run,                                                                                                \
    (Session*, const RunOptions*, const char* const*, const Value* const*, std::size_t, const char* const*,            \
     std::size_t, Value**))                                                                                            \
  F(10, 1, Status*, CreateSessionOptions, (SessionOptions**))                                                          \
  F(14, 1, Status*, EnableProfiling, (SessionOptions*, const char*))                                                   \
  F(17, 1, Status*, DisableMemPattern, (SessionOptions*))                                                              \
  F(19, 1, Status*, DisableCpuMemArena, (SessionOptions*))                                                             \
  F(23, 1, Status*, SetSessionGraphOptimizationLevel, (SessionOptions*, std::int32_t))                                 \
  F(24, 1, Status*, SetIntraOpNumThreads, (SessionOptions*, int))                                                      \
  F(25, 1, Status*, SetInterOpNumThreads, (SessionOptions*, int))                                                      \
  F(30, 1, Status*, SessionGetInputCount, (const Session*, std::size_t*))                                              \
  F(31, 1, Status*, SessionGetOutputCount, (const Session*, std::size_t*))                                             \
  F(33, 1, Status*, SessionGetInputTypeInfo, (const Session*, std::size_t, TypeInfo**))                                \
  F(34, 1, Status*, SessionGetOutputTypeInfo, (const Session*, std::size_t, TypeInfo**))                               \
  F(36, 1, Status*, SessionGetInputName, (const Session*, std::size_t, Allocator*, char**))                            \
  F(37, 1, Status*, SessionGetOutputName, (const Session*, std::size_t, Allocator*, char**))                           \
  F(39, 1, Status*, CreateRunOptions, (RunOptions**))                                                                  \
  F(46, 1, Status*, RunOptionsSetTerminate, (RunOptions*))                                                             \
  F(49, 1, Status*, CreateTensorWithDataAsOrtValue,                                                                    \
    (const MemoryInfo*, void*, std::size_t, const std::int64_t*, std::size_t, std::int32_t, Value**))                  \
  F(51, 1, Status*, GetTensorMutableData, (Value*, void**))                                                            \
  F(55, 1, Status*, CastTypeInfoToTensorInfo, (const TypeInfo*, const TensorInfo**))                                   \
  F(56, 1, Status*, GetOnnxTypeFromTypeInfo, (const TypeInfo*, std::int32_t*))                                         \
  F(60, 1, Status*, GetTensorElementType, (const TensorInfo*, std::int32_t*))                                          \
  F(61, 1, Status*, GetDimensionsCount, (const TensorInfo*, std::size_t*))                                             \
  F(62, 1, Status*, GetDimensions, (const TensorInfo*, std::int64_t*, std::size_t))                                    \
  F(63, 1, Status*, GetSymbolicDimensions, (const TensorInfo*, const char**, std::size_t))                             \
  F(65, 1, Status*, GetTensorTypeAndShape, (const Value*, TensorInfo**))                                               \
  F(69, 1, Status*, CreateCpuMemoryInfo, (std::int32_t, std::int32_t, MemoryInfo**))                                   \
  F(76, 1, Status*, AllocatorFree, (Allocator*, void*))                                                                \
  F(78, 1, Status*, GetAllocatorWithDefaultOptions, (Allocator**))                                                     \
  F(92, 1, void, ReleaseEnv, (Env*))                                                                                   \
  F(93, 1, void, ReleaseStatus, (Status*))                                                                             \
  F(94, 1, void, ReleaseMemoryInfo, (MemoryInfo*))                                                                     \
  F(95, 1, void, ReleaseSession, (Session*))                                                                           \
  F(96, 1, void, ReleaseValue, (Value*))                                                                               \
  F(97, 1, void, ReleaseRunOptions, (RunOptions*))                                                                     \
  F(98, 1, void, ReleaseTypeInfo, (TypeInfo*))                                                                         \
  F(99, 1, void, ReleaseTensorInfo, (TensorInfo*))                                                                     \
  F(100, 1, void, ReleaseSessionOptions, (SessionOptions*))                                                            \
  F(110, 1, Status*, SessionEndProfiling, (Session*, Allocator*, char**))                                              \
  F(111, 1, Status*, SessionGetModelMetadata, (const Session*, ModelMetadata**))                                       \
  F(112, 1, Status*, ModelMetadataGetProducerName, (const ModelMetadata*, Allocator*, char**))                         \
  F(113, 1, Status*, ModelMetadataGetGraphName, (const ModelMetadata*, Allocator*, char**))                            \
  F(114, 1, Status*, ModelMetadataGetDomain, (const ModelMetadata*, Allocator*, char**))                               \
  F(115, 1, Status*, ModelMetadataGetDescription, (const ModelMetadata*, Allocator*, char**))                          \
  F(116, 1, Status*, ModelMetadataLookupCustomMetadataMap, (const ModelMetadata*, Allocator*, const char*, char**))    \
  F(117, 1, Status*, ModelMetadataGetVersion, (const ModelMetadata*, std::int64_t*))                                   \
  F(118, 1, void, ReleaseModelMetadata, (ModelMetadata*))                                                              \
  F(123, 4, Status*, ModelMetadataGetCustomMetadataMapKeys,                                                            \
    (const ModelMetadata*, Allocator*, char***, std::int64_t*))                                                        \
  F(130, 4, Status*, AddSessionConfigEntry, (SessionOptions*, const char*, const char*))                               \
  F(146, 6, Status*, SessionGetProfilingStartTimeNs, (const Session*, std::uint64_t*))                                 \
  F(196, 9, Status*, SessionOptionsSetCustomCreateThreadFn, (SessionOptions*, CreateThread))                           \
  F(197, 9, Status*, SessionOptionsSetCustomThreadCreationOptions, (SessionOptions*, void*))                           \
  F(198, 9, Status*, SessionOptionsSetCustomJoinThreadFn, (SessionOptions*, JoinThread))                               \
  F(279, 18, Status*, AddExternalInitializersFromFilesInMemory,                                                        \
    (SessionOptions*, const char* const*, char* const*, const std::size_t*, std::size_t))                              \
  F(297, 22, const char*, GetKeyValue, (const KeyValuePairs*, const char*))                                            \
  F(301, 22, Status*, RegisterExecutionProviderLibrary, (Env*, const char*, const char*))                              \
  F(302, 22, Status*, UnregisterExecutionProviderLibrary, (Env*, const char*))                                         \
  F(303, 22, Status*, GetEpDevices, (const Env*, const EpDevice* const**, std::size_t*))                               \
  F(304, 22, Status*, SessionOptionsAppendExecutionProvider_V2,                                                        \
    (SessionOptions*, Env*, const EpDevice* const*, std::size_t, const char* const*, const char* const*, std::size_t)) \
  F(307, 22, std::int32_t, HardwareDevice_Type, (const HardwareDevice*))                                               \
  F(312, 22, const char*, EpDevice_EpName, (const EpDevice*))                                                          \
  F(314, 22, const KeyValuePairs*, EpDevice_EpMetadata, (const EpDevice*))                                             \
  F(316, 22, const HardwareDevice*, EpDevice_Device, (const EpDevice*))

struct Functions {
#define BPUSIM_ORT_FUNCTION(position, since, result, name, arguments) result(*name) arguments = nullptr;
  BPUSIM_ORT_FUNCTIONS(BPUSIM_ORT_FUNCTION)
#undef BPUSIM_ORT_FUNCTION
};

inline constexpr std::uint32_t kNewestApi = 22;
inline constexpr std::uint32_t kOldestApi = 21;

struct ApiBase {
  const void* (*GetApi)(std::uint32_t version);
  const char* (*GetVersionString)();
};

}  // namespace bpusim::ort
