// Where drivers are looked for, in which order.
#pragma once

#include <string>
#include <vector>

namespace hbm {

struct DriverCandidate {
  std::string hbucp;     // path, or a bare name for the dynamic linker's search
  std::string dnn;       // the same
  std::string chosenBy;  // DriverInfo::chosenBy
  bool required;         // present or asked for: when it does not load, that is an error and the search ends
};

// The candidates in order. `choice` is what the caller asked for ("vendor", "bpusim", a directory), "" when it was left
// to HBM_RUNTIME_DRIVER and the default order: the vendor's libraries if the system has them, then bpusim beside this
// library.
[[nodiscard]] std::vector<DriverCandidate> driverCandidates(const std::string& choice);

}  // namespace hbm
