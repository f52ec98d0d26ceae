// Loads a driver and prints what came of it. Arguments are steps:
//   info, load=CHOICE  prints "kind chosenBy dnnPath version soc" between bars, or "error KIND" and the message
//   fork               the same of a child that is forked while another thread loads the driver; "hung" after 10 s
//   language=FOLDER    the linker's messages come from there; prints one of them
//
// LOADER_PROBE_SYSTEM: the folder that stands for /usr/hobot/lib.
#include <dlfcn.h>
#include <libintl.h>
#include <locale.h>  // NOLINT(modernize-deprecated-headers): LC_MESSAGES is POSIX's
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <future>
#include <string>
#include <thread>
#include <utility>

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

// Called once by the thread that opens the next library, before it does.
std::function<void()>& beforeOpening() {
  static std::function<void()> hook;
  return hook;
}

void printInfo() {
  try {
    const hbm::DriverInfo info = hbm::driverInfo();
    std::printf("%s|%s|%s|%s|%s\n", info.kind.c_str(), info.chosenBy.c_str(), info.dnnPath.c_str(),
                info.dnnVersion.c_str(), info.soc.c_str());
  } catch (const hbm::Error& error) {
    std::printf("error %d: %s\n", static_cast<int>(error.kind()), error.what());
  }
  std::fflush(stdout);
}

void forkWhileLoading() {
  std::promise<void> loading;
  std::promise<void> forked;
  beforeOpening() = [&] {
    loading.set_value();
    forked.get_future().wait();
  };
  std::thread loader([] { static_cast<void>(hbm::driverInfo()); });
  loading.get_future().wait();
  const pid_t child = fork();
  if (child == 0) {
    alarm(10);
    printInfo();
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  if (WIFSIGNALED(status)) {
    std::printf("hung\n");
  }
  forked.set_value();
  loader.join();
}

void speak(const std::string& folder) {
  setlocale(LC_ALL, "C.UTF-8");
  setenv("LANGUAGE", "xx", 1);
  bindtextdomain("libc", folder.c_str());
  static_cast<void>(dlopen("libnowhere.so", RTLD_NOW));
  std::printf("%s\n", dlerror());
}

void step(const std::string& text) {
  const std::string value = text.substr(text.find('=') + 1);
  if (text == "fork") {
    return forkWhileLoading();
  }
  if (text.rfind("language=", 0) == 0) {
    return speak(value);
  }
  if (text.rfind("load=", 0) == 0) {
    hbm::loadDriver(value);
  }
  printInfo();
}

}  // namespace

// Named by the linker's option --wrap.
extern "C" {
void* __real_dlopen(const char* path, int flags);   // NOLINT(bugprone-reserved-identifier)
int __real_access(const char* path, int mode);      // NOLINT(bugprone-reserved-identifier)
void* __wrap_dlopen(const char* path, int flags) {  // NOLINT(bugprone-reserved-identifier)
  if (const std::function<void()> hook = std::exchange(beforeOpening(), nullptr)) {
    hook();
  }
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
