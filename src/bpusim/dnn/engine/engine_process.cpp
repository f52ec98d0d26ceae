#include "dnn/engine/engine_process.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <string_view>

#include "dnn/base/hbucp.hpp"
#include "dnn/engine/engine_library.hpp"
#include "never_destroyed.hpp"

namespace bpusim {
namespace {

void forwardLog(void* /*context*/, std::int32_t severity, const char* /*category*/, const char* /*id*/,
                const char* /*location*/, const char* text) {
  // Failures reach the client as a status with a text anyway, and warnings are about the engine's own optimisations.
  log(severity >= ort::kFatal     ? LogLevel::kError
      : severity >= ort::kWarning ? LogLevel::kInfo
                                  : LogLevel::kDebug,
      text);
}

// The engine has no code for it: the texts of C++, of its own allocators and of the system.
bool saysOutOfMemory(std::string_view text) {
  constexpr std::array<std::string_view, 4> kTexts = {"std::bad_alloc", "Failed to allocate memory",
                                                      "Cannot allocate memory", "Resource temporarily unavailable"};
  return std::any_of(kTexts.begin(), kTexts.end(),
                     [&](std::string_view each) { return text.find(each) != std::string_view::npos; });
}

void check(const ort::Functions& api, ort::Status* status, std::int32_t code) {
  if (status == nullptr) {
    return;
  }
  const std::unique_ptr<ort::Status, void (*)(ort::Status*)> owner(status, api.ReleaseStatus);
  const char* const text = api.GetErrorMessage(status);
  throw Error(saysOutOfMemory(text) ? HB_DNN_OUT_OF_MEMORY : code, text);
}

}  // namespace

Engine::Engine() : api(engineLibrary().functions) {
  check(api, api.CreateEnvWithCustomLogger(&forwardLog, nullptr, ort::kWarning, "bpusim", &env), HB_UCP_INIT_FAILED);
  check(api, api.DisableTelemetryEvents(env), HB_UCP_INIT_FAILED);
  check(api, api.CreateCpuMemoryInfo(ort::kDeviceAllocator, ort::kDefaultMemory, &memory), HB_UCP_INIT_FAILED);
  check(api, api.GetAllocatorWithDefaultOptions(&allocator), HB_UCP_INIT_FAILED);
}

const Engine& engine() {
  static hbm::NeverDestroyed<const Engine> instance;
  return *instance;
}

const ort::Functions& api() { return engine().api; }

void check(ort::Status* status, std::int32_t code) { check(api(), status, code); }

void checkModel(ort::Status* status) {
  const std::int32_t code = status != nullptr ? api().GetErrorCode(status) : 0;
  const bool damaged = code == ort::kNoModel || code == ort::kInvalidProtobuf;
  check(status, damaged ? HB_DNN_INVALID_MODEL : HB_DNN_INCOMPATIBLE_MODEL);
}

std::string taken(char* text) {
  const std::string copy = text == nullptr ? "" : text;
  if (text != nullptr) {
    check(api().AllocatorFree(engine().allocator, text));
  }
  return copy;
}

}  // namespace bpusim
