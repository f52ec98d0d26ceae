// hbUCPGetVersion, hbUCPGetSocName, hbUCPGetErrorDesc. They have no status to return: after fork() they still answer,
// and a fault makes them return NULL.
#include "hbucp/base/settings.hpp"
#include "hbucp/entry.hpp"
#include "hobot/hb_ucp.h"
#include "status_text.hpp"

namespace {

const char* unlessFaulty(const char* function, const char* text) {
  return bpusim::admitTextCall(function) ? text : nullptr;
}

}  // namespace

extern "C" {

const char* hbUCPGetVersion() { return unlessFaulty(__func__, "3.13.6"); }

const char* hbUCPGetSocName() { return unlessFaulty(__func__, bpusim::settings().socName); }

const char* hbUCPGetErrorDesc(std::int32_t status) { return unlessFaulty(__func__, bpusim::statusText(status)); }

}  // extern "C"
