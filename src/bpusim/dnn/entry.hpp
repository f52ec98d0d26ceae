// The first thing in every exported function, and how failures leave it.
#pragma once

#include <cstdint>
#include <exception>
#include <new>
#include <type_traits>

#include "dnn/base/error.hpp"

#define BPUSIM_EXPORT extern "C" __attribute__((visibility("default")))

namespace bpusim {

// Notes the text of a failure for this thread and returns its status.
[[nodiscard]] std::int32_t reportFailure(std::int32_t status, const char* text) noexcept;

[[nodiscard]] std::int32_t reportFailure(const Error& error) noexcept;

// Counts the call, applies faults and refuses after fork(). False: return *status at once.
[[nodiscard]] bool admitCall(const char* function, std::int32_t* status) noexcept;

// body() with its exceptions turned into a status. body returns nothing or a status.
template <class Body>
[[nodiscard]] std::int32_t translated(Body&& body) noexcept {
  try {
    if constexpr (std::is_void_v<decltype(body())>) {
      body();
      return HB_UCP_SUCCESS;
    } else {
      return body();
    }
  } catch (const Error& error) {
    return reportFailure(error);
  } catch (const std::bad_alloc&) {
    return reportFailure(HB_DNN_OUT_OF_MEMORY, "the process is out of memory");
  } catch (const std::exception& error) {
    return reportFailure(HB_UCP_UNKNOWN_ERROR, error.what());
  }
}

template <class Body>
[[nodiscard]] std::int32_t guarded(const char* function, Body&& body) noexcept {
  std::int32_t status = HB_UCP_SUCCESS;
  if (!admitCall(function, &status)) {
    return status;
  }
  return translated(body);
}

}  // namespace bpusim
