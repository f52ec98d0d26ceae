#include "hbucp/entry.hpp"

#include <string>

#include "hbucp/base/settings.hpp"
#include "hbucp/faults/faults.hpp"
#include "hbucp/tasks/process.hpp"

namespace bpusim {

bool admitCall(const char* function, std::int32_t* status) noexcept {
  beginCall(function);
  if (inForkedChild()) {
    *status =
        reportFailure(HB_UCP_API_USE_ERROR,
                      "the driver was in use when this process was forked, so the child cannot use it; start the child "
                      "before the driver is used, or with spawn or exec");
    return false;
  }
  markUsed();
  if (!settings().problem.empty()) {
    *status = reportFailure(HB_UCP_INIT_FAILED, settings().problem, LogLevel::kDebug);
    return false;
  }
  if (const std::int32_t injected = faults::onCall(function); injected != HB_UCP_SUCCESS) {
    *status = reportFailure(injected, "failure injected by BPUSIM_FAULT or setFaults()", LogLevel::kInfo);
    return false;
  }
  return true;
}

bool admitTextCall(const char* function) noexcept { return faults::onCall(function) == HB_UCP_SUCCESS; }

}  // namespace bpusim
