#include "hbm_runtime/version.hpp"

namespace hbm {

const char* libraryVersion() noexcept { return HBM_RUNTIME_VERSION; }

}  // namespace hbm
