// The driver: its functions as a table. Everything above calls it through this and nothing else.
#pragma once

#include <string>

#include "bpusim/extension.h"
#include "hbm_runtime/driver_info.hpp"
#include "hobot/dnn/hb_dnn.h"

namespace hbm {

struct Driver {
#define HBM_DRIVER_FUNCTION(library, name, need) decltype(&::name) name = nullptr;
#include "functions.inc"
#undef HBM_DRIVER_FUNCTION

  const bpusimInterface* extension = nullptr;  // nullptr for drivers without it
  DriverInfo info;

  // The driver of this process, to be used; loaded at first use, never unloaded: device memory may be given back at
  // exit. Throws Error: kDriverNotFound with every place that was tried and why each failed, kForked in a fork of a
  // process that used it.
  [[nodiscard]] static const Driver& get();

  // The same for whoever only asks what it is: a fork of a process that did no more can use it.
  [[nodiscard]] static const Driver& described();

  // The driver if it is loaded, else nullptr. Does not look at forks.
  [[nodiscard]] static const Driver* loadedOrNull() noexcept;

  // True if this process was forked from one that used the driver: no driver call may be made, no lock of a lost thread
  // taken.
  [[nodiscard]] static bool forked() noexcept;

  // Throws Error (kForked) if it was.
  static void refuseFork();

  // Member of the extension, or nullptr when this driver (or its version) does not have it.
  template <class Member>
  [[nodiscard]] Member extensionFunction(Member bpusimInterface::* member) const noexcept {
    if (extension == nullptr) {
      return nullptr;
    }
    const auto* base = reinterpret_cast<const char*>(extension);
    const auto* field = reinterpret_cast<const char*>(&(extension->*member));
    return field + sizeof(Member) <= base + extension->size ? extension->*member : nullptr;
  }
};

}  // namespace hbm
