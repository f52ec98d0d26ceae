// Owners of the driver's handles. A release that fails cannot be reported to anyone: it is tried once more, then the
// handle is given up. In a forked child nothing is released, the parent owns it all.
#pragma once

#include <utility>

#include "loader/driver.hpp"

namespace hbm {

// Calls `Function` of the driver on the handle when it dies.
template <auto Function>
class DriverHandle {
 public:
  DriverHandle() = default;
  DriverHandle(const Driver& driver, void* handle) : driver_(&driver), handle_(handle) {}
  DriverHandle(DriverHandle&& other) noexcept
      : driver_(other.driver_), handle_(std::exchange(other.handle_, nullptr)) {}
  DriverHandle& operator=(DriverHandle&& other) noexcept {
    std::swap(driver_, other.driver_);
    std::swap(handle_, other.handle_);
    return *this;
  }
  DriverHandle(const DriverHandle&) = delete;
  DriverHandle& operator=(const DriverHandle&) = delete;
  ~DriverHandle() { reset(); }

  [[nodiscard]] void* get() const noexcept { return handle_; }

  void reset() noexcept {
    if (handle_ != nullptr && !Driver::forked()) {
      if ((driver_->*Function)(handle_) != 0) {
        static_cast<void>((driver_->*Function)(handle_));
      }
    }
    handle_ = nullptr;
  }

  // Gives up ownership.
  void* release() noexcept { return std::exchange(handle_, nullptr); }

 private:
  const Driver* driver_ = nullptr;
  void* handle_ = nullptr;
};

using PackedModels = DriverHandle<&Driver::hbDNNRelease>;
using Task = DriverHandle<&Driver::hbUCPReleaseTask>;

}  // namespace hbm
