// Loads a driver and prints what came of it. Arguments are steps: "info", or "load=CHOICE". Prints a line for each,
// "kind chosenBy dnnPath version soc" between bars, or "error KIND" and the message.
//
// LOADER_PROBE_SYSTEM: the folder that stands for /usr/hobot/lib.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "hbm_runtime/driver_info.hpp"
#include "hbm_runtime/error.hpp"

namespace {

std::string redirected(const char* path) {
  constexpr const char* kSystem = "/usr/hobot/lib";
  const char* folder = std::getenv("LOADER_PROBE_SYSTEM");
  if (folder == nullptr || std::strncmp(path, kSystem, std::strlen(kSystem)) != 0) {
    return path;
  }
  return folder + std::string(path + std::strlen(kSystem));
}

void step(const std::string& text) {
  if (text != "info") {
    hbm::loadDriver(text.substr(std::strlen("load=")));
  }
  const hbm::DriverInfo info = hbm::driverInfo();
  std::printf("%s|%s|%s|%s|%s\n", info.kind.c_str(), info.chosenBy.c_str(), info.dnnPath.c_str(),
              info.dnnVersion.c_str(), info.soc.c_str());
}

}  // namespace

// Named by the linker's option --wrap.
extern "C" {
void* __real_dlopen(const char* path, int flags);   // NOLINT(bugprone-reserved-identifier)
int __real_access(const char* path, int mode);      // NOLINT(bugprone-reserved-identifier)
void* __wrap_dlopen(const char* path, int flags) {  // NOLINT(bugprone-reserved-identifier)
  return __real_dlopen(redirected(path).c_str(), flags);
}
int __wrap_access(const char* path, int mode) {  // NOLINT(bugprone-reserved-identifier)
  return __real_access(redirected(path).c_str(), mode);
}
}

int main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    try {
      step(argv[i]);
    } catch (const hbm::Error& error) {
      std::printf("error %d: %s\n", static_cast<int>(error.kind()), error.what());
    }
  }
  return 0;
}
