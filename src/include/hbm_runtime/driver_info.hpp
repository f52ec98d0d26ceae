// Which driver is in use.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "hbm_runtime/export.hpp"

namespace hbm {

struct DriverInfo {
  std::string kind;  // "vendor" or "bpusim"
  std::string hbucpPath;
  std::string dnnPath;
  std::string hbucpVersion;  // "" where the driver does not tell
  std::string dnnVersion;
  std::string soc;
  std::string chosenBy;  // what led to it: "HBM_RUNTIME_DRIVER", "load_driver", "system", "package"
};

// Loads the driver if that has not happened. Throws Error (kDriverNotFound) with every place that was tried.
[[nodiscard]] HBM_API DriverInfo driverInfo();

// Number of BPU cores; nullopt when it is not known. Loads the driver as driverInfo() does.
[[nodiscard]] HBM_API std::optional<std::int32_t> coreCount();

// True if a driver is loaded in this process.
[[nodiscard]] HBM_API bool driverLoaded() noexcept;

// Chooses and loads the driver: "vendor", "bpusim" or a directory with libhbucp.so and libdnn.so. Does nothing when
// that one is in use already. Throws Error: kState when another one is, kDriverNotFound when it cannot be loaded.
HBM_API void loadDriver(const std::string& choice);

// Where bpusim finds its engine, unless BPUSIM_ENGINE_PATH says otherwise: a library or its directory. For callers that
// know their environment better than a search does; other drivers ignore it. Kept until a driver is loaded.
HBM_API void setEnginePath(const std::string& path);

}  // namespace hbm
