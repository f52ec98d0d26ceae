#include "dnn/entry.hpp"

#include "dnn/base/hbucp.hpp"

namespace bpusim {

std::int32_t reportFailure(std::int32_t status, const char* text) noexcept {
  return tasks() == nullptr ? status : tasks()->reportFailure(status, text);
}

std::int32_t reportFailure(const Error& error) noexcept {
  const std::int32_t status = reportFailure(error.status(), error.what());
  if (tasks() != nullptr) {
    tasks()->noteErrorPlace(error.model().c_str(), error.tensor().c_str());
  }
  return status;
}

bool admitCall(const char* function, std::int32_t* status) noexcept {
  if (tasks() == nullptr) {
    *status = HB_UCP_INIT_FAILED;
    return false;
  }
  return tasks()->admitCall(function, status);
}

}  // namespace bpusim
