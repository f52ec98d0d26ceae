#include "load_options.hpp"

#include <sched.h>

#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "error.hpp"

namespace bpusim {
namespace {

constexpr std::int32_t kMostThreads = 1024;

// A client that was built with an older header gives a shorter struct.
#define BPUSIM_GIVEN(options, member) ((options).size >= offsetof(bpusimLoadOptions, member) + sizeof((options).member))

thread_local std::unique_ptr<const LoadOptions> chosen;

// BPUSIM_THREADS, else 1.
[[nodiscard]] std::int32_t defaultThreads() {
  const char* const text = secure_getenv("BPUSIM_THREADS");
  if (text == nullptr || *text == '\0') {
    return 1;
  }
  char* end = nullptr;
  errno = 0;
  const long threads = std::strtol(text, &end, 10);
  if (errno != 0 || *end != '\0' || threads < 1 || threads > kMostThreads) {
    throw Error(HB_UCP_INVALID_ARGUMENT,
                std::string("BPUSIM_THREADS is '") + text + "'; it takes a number of threads from 1 to 1024");
  }
  return static_cast<std::int32_t>(threads);
}

void readCpus(const bpusimLoadOptions& options, std::vector<std::int32_t>& cpus) {
  if (options.cpuCount < 0 || (options.cpuCount > 0 && options.cpus == nullptr)) {
    throw Error(HB_UCP_INVALID_ARGUMENT, "load options: cpus and cpuCount do not fit together");
  }
  cpu_set_t usable;
  CPU_ZERO(&usable);
  sched_getaffinity(0, sizeof(usable), &usable);
  for (std::int32_t i = 0; i < options.cpuCount; ++i) {
    const std::int32_t cpu = options.cpus[i];
    if (cpu < 0 || cpu >= CPU_SETSIZE || !CPU_ISSET(static_cast<std::size_t>(cpu), &usable)) {
      throw Error(HB_UCP_INVALID_ARGUMENT,
                  "load options: CPU " + std::to_string(cpu) + " does not exist or this process may not use it");
    }
    cpus.push_back(cpu);
  }
}

void readKeep(const bpusimLoadOptions& options, LoadOptions& to) {
  if (options.keepCount < 0 || (options.keepCount > 0 && options.keep == nullptr)) {
    throw Error(HB_UCP_INVALID_ARGUMENT, "load options: keep and keepCount do not fit together");
  }
  for (std::int32_t i = 0; i < options.keepCount; ++i) {
    if (options.keep[i] == nullptr || *options.keep[i] == '\0') {
      throw Error(HB_UCP_INVALID_ARGUMENT, "load options: a name in keep is empty");
    }
    if (std::strcmp(options.keep[i], "*") == 0) {
      to.keepAll = true;
    } else {
      to.keep.emplace_back(options.keep[i]);
    }
  }
  if (BPUSIM_GIVEN(options, keepFolder) && options.keepFolder != nullptr) {
    to.keepFolder = options.keepFolder;
  }
  if (!to.keepFolder.empty() && options.keepCount == 0) {
    throw Error(HB_UCP_INVALID_ARGUMENT, "load options: keepFolder is given, but no tensor to keep");
  }
}

}  // namespace

LoadOptions loadOptions() {
  LoadOptions options = chosen == nullptr ? LoadOptions() : *chosen;
  if (chosen == nullptr || options.engine.threads == 0) {
    options.engine.threads = defaultThreads();
  }
  return options;
}

void setLoadOptions(const bpusimLoadOptions* options) {
  if (options == nullptr) {
    chosen = nullptr;
    return;
  }
  if (!BPUSIM_GIVEN(*options, keepCount)) {
    throw Error(HB_UCP_INVALID_ARGUMENT, "load options: size is too small for this driver's struct");
  }
  if (options->threads < 0 || options->threads > kMostThreads) {
    throw Error(HB_UCP_INVALID_ARGUMENT,
                "load options: " + std::to_string(options->threads) + " threads; 0 to 1024 are possible");
  }
  auto next = std::make_unique<LoadOptions>();
  next->engine.threads = options->threads;
  next->engine.flushDenormals = options->flushDenormals != 0;
  next->engine.saveMemory = options->saveMemory != 0;
  next->profile = options->profile != 0;
  next->deliverOutputs = BPUSIM_GIVEN(*options, deliverOutputs) && options->deliverOutputs != 0;
  readCpus(*options, next->engine.cpus);
  readKeep(*options, *next);
  chosen = std::move(next);
}

}  // namespace bpusim
