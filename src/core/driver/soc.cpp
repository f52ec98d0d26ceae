#include "core/driver/soc.hpp"

#include "hbm_runtime/driver_info.hpp"

namespace hbm {

Soc describeSoc(const Driver& driver) {
  Soc soc;
#define HBM_SOC(id, board, march, name, cores, alignment) \
  if (driver.info.soc.find(board) != std::string::npos) { \
    soc = {cores, alignment};                             \
  }
#include "socs.inc"
  std::int32_t value = 0;
  if (const auto coreCount = driver.extensionFunction(&bpusimInterface::getCoreCount)) {
    if (coreCount(&value) == 0) {
      soc.cores = value;
    }
  }
  if (const auto alignment = driver.extensionFunction(&bpusimInterface::getStrideAlignment)) {
    if (alignment(&value) == 0) {
      soc.strideAlignment = value;
    }
  }
  return soc;
}

std::optional<std::int32_t> coreCount() { return describeSoc(Driver::described()).cores; }

}  // namespace hbm
