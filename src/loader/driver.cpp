#include "loader/driver.hpp"

#include <pthread.h>

#include <atomic>
#include <cstring>
#include <memory>
#include <mutex>
#include <vector>

#include "hbm_runtime/error.hpp"
#include "loader/driver_search.hpp"
#include "loader/log.hpp"
#include "loader/shared_library.hpp"

namespace hbm {
namespace {

// Never destroyed: outputs may give their memory back while static objects are torn down.
std::atomic<const Driver*> theDriver{nullptr};
std::atomic<bool> isLoading{false};
std::atomic<bool> isForked{false};

std::mutex& loadMutex() {
  static auto* mutex = std::make_unique<std::mutex>().release();
  return *mutex;
}

std::string& enginePath() {
  static auto* path = std::make_unique<std::string>().release();
  return *path;
}

void announceEngine(const Driver& driver) {
  const auto set = driver.extensionFunction(&bpusimInterface::setEnginePath);
  if (set != nullptr && !enginePath().empty()) {
    static_cast<void>(set(enginePath().c_str()));
  }
}

// A driver that another thread of the parent was loading stays half loaded here, and the mutex locked.
void afterForkInChild() { isForked.store(theDriver.load() != nullptr || isLoading.load()); }

template <class Function>
void bind(const SharedLibrary& library, const char* name, bool required, Function*& function, std::string& missing) {
  void* address = library.find(name);
  if (address == nullptr && required) {
    missing += missing.empty() ? name : std::string(", ") + name;
  }
  static_assert(sizeof(function) == sizeof(address));
  std::memcpy(&function, &address, sizeof(address));
}

std::string text(const char* (*getter)()) {
  const char* value = getter != nullptr ? getter() : nullptr;
  return value != nullptr ? value : "";
}

// Loads one candidate. nullptr and *error when that fails.
std::unique_ptr<Driver> tryLoad(const DriverCandidate& candidate, std::string* error) {
  SharedLibrary hbucp = SharedLibrary::open(candidate.hbucp, error);
  if (!hbucp.isOpen()) {
    return nullptr;
  }
  SharedLibrary dnn = SharedLibrary::open(candidate.dnn, error);
  if (!dnn.isOpen()) {
    return nullptr;
  }
  auto driver = std::make_unique<Driver>();
  std::string missing;
  constexpr bool REQUIRED = true;
  constexpr bool OPTIONAL = false;
#define HBM_DRIVER_FUNCTION(library, name, need) bind(library, #name, need, driver->name, missing);
#include "functions.inc"
#undef HBM_DRIVER_FUNCTION
  if (!missing.empty()) {
    *error = "functions are missing: " + missing +
             "; the libraries are older than this runtime needs, or are not the driver";
    return nullptr;
  }
  decltype(&::bpusimGetInterface) getInterface = nullptr;
  bind(hbucp, "bpusimGetInterface", false, getInterface, missing);
  if (getInterface != nullptr) {
    driver->extension = static_cast<const bpusimInterface*>(getInterface(BPUSIM_INTERFACE_VERSION));
  }
  driver->info.kind = driver->extension != nullptr ? "bpusim" : "vendor";
  driver->info.hbucpPath = fileOfAddress(reinterpret_cast<const void*>(driver->hbUCPSubmitTask));
  driver->info.dnnPath = fileOfAddress(reinterpret_cast<const void*>(driver->hbDNNInferV2));
  driver->info.hbucpVersion = text(driver->hbUCPGetVersion);
  driver->info.dnnVersion = text(driver->hbDNNGetVersion);
  driver->info.soc = text(driver->hbUCPGetSocName);
  driver->info.chosenBy = candidate.chosenBy;
  if (driver->info.dnnVersion.empty()) {
    *error = candidate.dnn + ": hbDNNGetVersion gives no version; the library is broken";
    return nullptr;
  }
  hbucp.leak();
  dnn.leak();
  return driver;
}

[[noreturn]] void throwNotFound(const char* what, const std::string& tried) {
  throw Error(ErrorKind::kDriverNotFound,
              what + tried +
                  "\nOn a board install the vendor's package hobot-dnn. On a PC reinstall hbm_runtime, whose bpusim "
                  "runs models on the CPU, or set HBM_RUNTIME_DRIVER to bpusim, vendor or a directory with libhbucp.so "
                  "and libdnn.so.");
}

std::unique_ptr<Driver> search(const std::string& choice) {
  std::string tried;
  for (const DriverCandidate& candidate : driverCandidates(choice)) {
    std::string error;
    if (std::unique_ptr<Driver> driver = tryLoad(candidate, &error)) {
      return driver;
    }
    tried += "\n  " + candidate.hbucp + ", " + candidate.dnn + ": " + error;
    // A driver that is there but does not load must not be replaced silently by a simulation.
    const bool absent = error.rfind(candidate.hbucp + ": cannot open shared object file", 0) == 0;
    if (candidate.required || !absent) {
      throwNotFound(candidate.chosenBy == "system" ? "a BPU driver is installed but cannot be loaded:"
                                                   : "the chosen BPU driver cannot be loaded:",
                    tried);
    }
  }
  throwNotFound("no BPU driver can be loaded; tried:", tried);
}

class LoadingMark {
 public:
  LoadingMark() { isLoading.store(true); }
  LoadingMark(const LoadingMark&) = delete;
  LoadingMark& operator=(const LoadingMark&) = delete;
  ~LoadingMark() { isLoading.store(false); }
};

void refuseFork() {
  if (Driver::forked()) {
    throw Error(ErrorKind::kForked,
                "this process was forked from one that had loaded the BPU driver, which does not survive a fork; use "
                "multiprocessing with the start method \"spawn\", or load models only in the child");
  }
}

const Driver& loadLocked(const std::string& choice) {
  static std::once_flag once;
  std::call_once(once, [] { pthread_atfork(nullptr, nullptr, afterForkInChild); });
  const LoadingMark mark;
  const Driver* driver = search(choice).release();
  announceEngine(*driver);
  forwardDriverLog(*driver);
  if (logs(LogLevel::kInfo)) {
    log(LogLevel::kInfo, "driver " + driver->info.dnnPath + ", version " + driver->info.dnnVersion + ", chosen by " +
                             driver->info.chosenBy);
  }
  theDriver.store(driver, std::memory_order_release);
  return *driver;
}

}  // namespace

const Driver& Driver::get() {
  refuseFork();
  const Driver* driver = theDriver.load(std::memory_order_acquire);
  if (driver == nullptr) {
    const std::lock_guard lock(loadMutex());
    driver = theDriver.load(std::memory_order_acquire);
    return driver != nullptr ? *driver : loadLocked("");
  }
  return *driver;
}

const Driver* Driver::loadedOrNull() noexcept { return theDriver.load(std::memory_order_acquire); }

bool Driver::forked() noexcept { return isForked.load(std::memory_order_relaxed); }

DriverInfo driverInfo() { return Driver::get().info; }

bool driverLoaded() noexcept { return Driver::loadedOrNull() != nullptr; }

void setEnginePath(const std::string& path) {
  if (Driver::forked()) {
    return;
  }
  const std::lock_guard lock(loadMutex());
  enginePath() = path;
  if (const Driver* driver = Driver::loadedOrNull(); driver != nullptr) {
    announceEngine(*driver);
  }
}

void loadDriver(const std::string& choice) {
  refuseFork();
  const std::lock_guard lock(loadMutex());
  if (const Driver* driver = Driver::loadedOrNull()) {
    throw Error(ErrorKind::kState, "a driver is loaded already (" + driver->info.dnnPath +
                                       "); a process has one: choose it before the first use");
  }
  static_cast<void>(loadLocked(choice));
}

}  // namespace hbm
