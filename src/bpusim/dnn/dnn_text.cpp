// hbDNNGetVersion, hbDNNGetErrorDesc. They have no status to return: after fork() they still answer, and a fault makes
// them return NULL.
#include "library.hpp"
#include "status_text.hpp"

namespace {

const char* unlessFaulty(const char* function, const char* text) {
  std::int32_t status = HB_UCP_SUCCESS;
  return bpusim::enter(function, &status) || status == HB_DNN_API_USE_ERROR ? text : nullptr;
}

}  // namespace

BPUSIM_EXPORT const char* hbDNNGetVersion() {
  return unlessFaulty(__func__, "3.13.6_(bpusim " BPUSIM_PROJECT_VERSION ")");
}

BPUSIM_EXPORT const char* hbDNNGetErrorDesc(std::int32_t status) {
  return unlessFaulty(__func__, bpusim::statusText(status));
}
