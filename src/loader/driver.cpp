#include "loader/driver.hpp"

#include <pthread.h>

#include <atomic>
#include <cstring>
#include <filesystem>
#include <memory>
#include <mutex>
#include <system_error>
#include <vector>

#include "hbm_runtime/error.hpp"
#include "loader/driver_search.hpp"
#include "loader/log.hpp"
#include "loader/shared_library.hpp"

namespace hbm {
namespace {

// Never destroyed: outputs may give their memory back while static objects are torn down.
std::atomic<const Driver*> theDriver{nullptr};
std::atomic<int> loading{0};      // threads that load it, or wait for one that does
std::atomic<bool> isUsed{false};  // for more than asking what it is
std::atomic<bool> isForked{false};

std::mutex& loadMutex() {
  static auto* mutex = std::make_unique<std::mutex>().release();
  return *mutex;
}

// A driver that another thread of the parent was loading stays half loaded here, and the mutex locked.
void afterForkInChild() { isForked.store(isForked.load() || isUsed.load() || loading.load() != 0); }

[[maybe_unused]] const int registered = pthread_atfork(nullptr, nullptr, afterForkInChild);

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

// What became of a candidate.
struct Attempt {
  std::unique_ptr<Driver> driver;  // nullptr: it cannot be loaded
  std::string error;
  bool absent = false;  // nothing of a driver lies there
};

bool isAbsent(const std::string& name, const std::string& error) {
  return error.rfind(name + ": cannot open shared object file", 0) == 0;
}

Attempt tryLoad(const DriverCandidate& candidate) {
  std::string error;
  SharedLibrary hbucp = SharedLibrary::open(candidate.hbucp, &error);
  if (!hbucp.isOpen()) {
    return {nullptr, error, isAbsent(candidate.hbucp, error)};
  }
  SharedLibrary dnn = SharedLibrary::open(candidate.dnn, &error);
  if (!dnn.isOpen()) {
    // A bundle's builder may put bpusim's libhbucp.so on the linker's path; that is no half of a vendor's driver.
    const bool ours = hbucp.find("bpusimGetInterface") != nullptr;
    return {nullptr, error + (ours ? " (the libhbucp.so there is bpusim's)" : ""),
            ours && isAbsent(candidate.dnn, error)};
  }
  // A libhbucp.so that was loaded before is the one that libdnn.so is bound to, wherever the candidate's lies.
  const SharedLibrary& bound = dnn.find("hbUCPSubmitTask") != nullptr ? dnn : hbucp;
  auto driver = std::make_unique<Driver>();
  std::string missing;
  constexpr bool REQUIRED = true;
  constexpr bool OPTIONAL = false;
  const auto libraryOf = [&](const SharedLibrary* library) { return library == &hbucp ? &bound : library; };
#define HBM_DRIVER_FUNCTION(library, name, need) bind(*libraryOf(&(library)), #name, need, driver->name, missing);
#include "functions.inc"
#undef HBM_DRIVER_FUNCTION
  if (!missing.empty()) {
    return {nullptr, "functions are missing: " + missing +
                         "; the libraries are older than this runtime needs, or are not the driver"};
  }
  decltype(&::bpusimGetInterface) getInterface = nullptr;
  bind(bound, "bpusimGetInterface", false, getInterface, missing);
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
    return {nullptr, candidate.dnn + ": hbDNNGetVersion gives no version; the library is broken"};
  }
  hbucp.leak();
  dnn.leak();
  return {std::move(driver), ""};
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
    Attempt attempt = tryLoad(candidate);
    if (attempt.driver != nullptr) {
      return std::move(attempt.driver);
    }
    tried += "\n  " + candidate.hbucp + ", " + candidate.dnn + ": " + attempt.error;
    // A driver that is there but does not load must not be replaced silently by a simulation.
    if (candidate.required || !attempt.absent) {
      throwNotFound(candidate.chosenBy == "system" ? "a BPU driver is installed but cannot be loaded:"
                                                   : "the chosen BPU driver cannot be loaded:",
                    tried);
    }
  }
  throwNotFound("no BPU driver can be loaded; tried:", tried);
}

// The right to load the driver, which one thread at a time has.
class LoadingLock {
 public:
  LoadingLock() {
    ++loading;
    lock_ = std::unique_lock(loadMutex());
  }
  LoadingLock(const LoadingLock&) = delete;
  LoadingLock& operator=(const LoadingLock&) = delete;
  ~LoadingLock() {
    lock_.unlock();
    --loading;
  }

 private:
  std::unique_lock<std::mutex> lock_;
};

// True if a choice leads to the driver that is in use.
bool isChoice(const Driver& driver, const std::string& choice) {
  if (choice == "vendor" && driver.info.chosenBy == "system") {
    return true;
  }
  for (const DriverCandidate& candidate : driverCandidates(choice)) {
    std::error_code error;
    if (std::filesystem::equivalent(candidate.dnn, driver.info.dnnPath, error) && !error) {
      return true;
    }
  }
  return false;
}

const Driver& loadLocked(const std::string& choice) {
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
  const Driver& driver = described();
  if (!isUsed.load(std::memory_order_relaxed)) {
    isUsed.store(true);
  }
  return driver;
}

const Driver& Driver::described() {
  refuseFork();
  const Driver* driver = theDriver.load(std::memory_order_acquire);
  if (driver == nullptr) {
    const LoadingLock lock;
    driver = theDriver.load(std::memory_order_acquire);
    return driver != nullptr ? *driver : loadLocked("");
  }
  return *driver;
}

const Driver* Driver::loadedOrNull() noexcept { return theDriver.load(std::memory_order_acquire); }

bool Driver::forked() noexcept { return isForked.load(std::memory_order_relaxed); }

void Driver::refuseFork() {
  if (forked()) {
    throw Error(ErrorKind::kForked,
                "this process was forked from one that had used the BPU driver, which does not survive a fork; use "
                "multiprocessing with the start method \"spawn\", or load models only in the child");
  }
}

DriverInfo driverInfo() { return Driver::described().info; }

bool driverLoaded() noexcept { return Driver::loadedOrNull() != nullptr; }

void setEnginePath(const std::string& path) {
  if (Driver::forked()) {
    return;
  }
  const LoadingLock lock;
  enginePath() = path;
  if (const Driver* driver = Driver::loadedOrNull(); driver != nullptr) {
    announceEngine(*driver);
  }
}

void loadDriver(const std::string& choice) {
  Driver::refuseFork();
  const LoadingLock lock;
  if (const Driver* driver = Driver::loadedOrNull()) {
    if (isChoice(*driver, choice)) {
      return;
    }
    throw Error(ErrorKind::kState, "a driver is loaded already (" + driver->info.dnnPath +
                                       "); a process has one: choose it before the first use");
  }
  static_cast<void>(loadLocked(choice));
}

}  // namespace hbm
