#include "loader/driver_search.hpp"

#include <unistd.h>

#include <cstdlib>

#include "loader/shared_library.hpp"

namespace hbm {
namespace {

constexpr const char* kVendorDirectory = "/usr/hobot/lib";

DriverCandidate inDirectory(const std::string& directory, const std::string& chosenBy, bool required) {
  return {directory + "/libhbucp.so", directory + "/libdnn.so", chosenBy, required};
}

bool exists(const std::string& path) { return access(path.c_str(), F_OK) == 0; }

void appendVendor(std::vector<DriverCandidate>& candidates, const std::string& chosenBy, bool required) {
  const DriverCandidate installed = inDirectory(kVendorDirectory, chosenBy, true);
  if (exists(installed.hbucp) || exists(installed.dnn)) {
    candidates.push_back(installed);
    return;
  }
  candidates.push_back({"libhbucp.so", "libdnn.so", chosenBy, required});
}

// bpusim lies beside the extension in the wheel, in hbm_runtime/ beside the library of the SDK.
void appendBpusim(std::vector<DriverCandidate>& candidates, const std::string& chosenBy, bool required) {
  const std::string self = fileOfAddress(reinterpret_cast<const void*>(&appendBpusim));
  const std::string directory = self.substr(0, self.find_last_of('/'));
  const DriverCandidate ofSdk = inDirectory(directory + "/hbm_runtime/bpusim", chosenBy, required);
  candidates.push_back(exists(ofSdk.dnn) ? ofSdk : inDirectory(directory + "/bpusim", chosenBy, required));
}

}  // namespace

std::vector<DriverCandidate> driverCandidates(const std::string& choice) {
  std::string wanted = choice;
  std::string chosenBy = "load_driver";
  if (wanted.empty()) {
    const char* environment = secure_getenv("HBM_RUNTIME_DRIVER");
    wanted = environment != nullptr ? environment : "";
    chosenBy = "HBM_RUNTIME_DRIVER";
  }
  std::vector<DriverCandidate> candidates;
  if (wanted == "vendor") {
    appendVendor(candidates, chosenBy, true);
  } else if (wanted == "bpusim") {
    appendBpusim(candidates, chosenBy, true);
  } else if (!wanted.empty()) {
    candidates.push_back(inDirectory(wanted, chosenBy, true));
  } else {
    appendVendor(candidates, "system", false);
    appendBpusim(candidates, "package", false);
  }
  return candidates;
}

}  // namespace hbm
