// What the system-on-chip demands of its clients.
#pragma once

#include <cstdint>
#include <optional>

#include "loader/driver.hpp"

namespace hbm {

struct Soc {
  std::optional<std::int32_t> cores;  // BPU cores; nullopt when it is not known
  std::int64_t strideAlignment = 64;  // of dynamic strides, bytes; 64 is right on every board
};

// From the driver extension, else from the name of the SoC ("D-Robotics RDK S100 V0P5").
[[nodiscard]] Soc describeSoc(const Driver& driver);

}  // namespace hbm
