// hbDNNGetVersion, hbDNNGetErrorDesc. They have no status to return: after fork() they still answer, and a fault makes
// them return NULL.
#include "dnn/base/hbucp.hpp"
#include "dnn/entry.hpp"
#include "status_text.hpp"

namespace {

const char* unlessFaulty(const char* function, const char* text) {
  return bpusim::tasks() == nullptr || bpusim::tasks()->admitTextCall(function) ? text : nullptr;
}

}  // namespace

BPUSIM_EXPORT const char* hbDNNGetVersion() {
  return unlessFaulty(__func__, "3.13.6_(bpusim " BPUSIM_PROJECT_VERSION ")");
}

BPUSIM_EXPORT const char* hbDNNGetErrorDesc(std::int32_t status) {
  return unlessFaulty(__func__, bpusim::statusText(status));
}
