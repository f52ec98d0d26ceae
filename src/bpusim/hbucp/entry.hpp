// The first thing in every exported function.
#pragma once

#include <cstdint>
#include <exception>
#include <new>

#include "hbucp/base/failure.hpp"
#include "hobot/hb_ucp_status.h"

namespace bpusim {

// Counts the call, applies faults and refuses after fork(). False: return *status at once.
[[nodiscard]] bool admitCall(const char* function, std::int32_t* status) noexcept;

// The same in functions that return a text, which answer whatever has happened. False: a fault makes them return NULL.
[[nodiscard]] bool admitTextCall(const char* function) noexcept;

// body() behind admitCall(), with exceptions turned into a status.
template <class Body>
[[nodiscard]] std::int32_t guarded(const char* function, Body&& body) noexcept {
  std::int32_t status = HB_UCP_SUCCESS;
  if (!admitCall(function, &status)) {
    return status;
  }
  try {
    return body();
  } catch (const std::bad_alloc&) {
    return reportFailure(HB_UCP_MEM_ALLOC_FAIL, "the process is out of memory");
  } catch (const std::exception& error) {
    return reportFailure(HB_UCP_UNKNOWN_ERROR, error.what());
  }
}

}  // namespace bpusim
