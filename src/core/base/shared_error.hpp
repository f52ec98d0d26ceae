// Errors for places that may not throw: threads, callbacks of the driver, what runs while memory has run out.
#pragma once

#include <memory>

#include "hbm_runtime/error.hpp"

namespace hbm {

using SharedError = std::shared_ptr<const Error>;

// The error that `make` returns, or `fallback`, which was made in time, when there is no memory for it.
template <class Make>
[[nodiscard]] SharedError errorOr(const SharedError& fallback, const Make& make) noexcept {
  try {
    return std::make_shared<const Error>(make());
  } catch (...) {
    return fallback;
  }
}

}  // namespace hbm
