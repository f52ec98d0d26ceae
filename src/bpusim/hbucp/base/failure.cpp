#include "hbucp/base/failure.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <cstring>

#include "hbucp/base/log.hpp"
#include "status_text.hpp"

namespace bpusim {
namespace {

// Plain arrays, not strings: calls from static destructors come after a thread's objects have been destroyed.
constexpr std::size_t kLongestText = 2048;
thread_local char errorText[kLongestText] = "";
thread_local const char* currentFunction = "";
constexpr std::size_t kLongestName = 1024;
thread_local char errorModel[kLongestName] = "";
thread_local char errorTensor[kLongestName] = "";

void keepName(char (&to)[kLongestName], const char* name) noexcept {
  const std::size_t length = std::strlen(name);
  std::memcpy(to, length < kLongestName ? name : "", length < kLongestName ? length + 1 : 1);
}

}  // namespace

void beginCall(const char* function) noexcept { currentFunction = function; }

std::int32_t reportFailure(std::int32_t status, std::string_view text, LogLevel level) noexcept {
  const std::size_t length = std::min(text.size(), kLongestText - 1);
  std::memmove(errorText, text.data(), length);
  errorText[length] = '\0';
  errorModel[0] = errorTensor[0] = '\0';
  if (logs(level)) {
    char line[kLongestText + 256];
    std::snprintf(line, sizeof line, "%s: %s (%d, %s)", currentFunction, errorText, static_cast<int>(status),
                  statusText(status));
    log(level, line);
  }
  return status;
}

const char* lastError() noexcept { return errorText; }

void noteErrorPlace(const char* model, const char* tensor) noexcept {
  keepName(errorModel, model);
  keepName(errorTensor, tensor);
}

void lastErrorPlace(const char** model, const char** tensor) noexcept {
  *model = errorModel;
  *tensor = errorTensor;
}

}  // namespace bpusim
