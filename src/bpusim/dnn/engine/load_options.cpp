#include "dnn/engine/load_options.hpp"

#include <sched.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <type_traits>

#include "dnn/base/error.hpp"
#include "dnn/engine/engine_plugins.hpp"

namespace bpusim {
namespace {

constexpr std::int32_t kMaxThreads = 1024;

// A client that was built with an older header gives a shorter struct.
#define BPUSIM_GIVEN(options, member) ((options).size >= offsetof(bpusimLoadOptions, member) + sizeof((options).member))

thread_local std::unique_ptr<const LoadOptions> chosen;

// BPUSIM_THREADS, else 0.
[[nodiscard]] std::int32_t defaultThreads() {
  const char* const text = secure_getenv("BPUSIM_THREADS");
  if (text == nullptr || *text == '\0') {
    return 0;
  }
  char* end = nullptr;
  errno = 0;
  const long threads = std::strtol(text, &end, 10);
  if (errno != 0 || *end != '\0' || threads < 1 || threads > kMaxThreads) {
    throw Error(HB_UCP_INVALID_ARGUMENT,
                std::string("BPUSIM_THREADS is '") + text + "'; it takes a number of threads from 1 to 1024");
  }
  return static_cast<std::int32_t>(threads);
}

// An array of the struct; throws when it is NULL though it has elements.
template <class To, class From>
void copyTo(std::vector<To>& to, const From* from, std::int32_t count, const char* name) {
  if (count < 0 || (count > 0 && from == nullptr)) {
    throw Error(HB_UCP_INVALID_ARGUMENT, std::string("load options: ") + name + " and its count do not fit together");
  }
  for (std::int32_t i = 0; i < count; ++i) {
    if constexpr (std::is_pointer_v<From>) {
      if (from[i] == nullptr || *from[i] == '\0') {
        throw Error(HB_UCP_INVALID_ARGUMENT, std::string("load options: a name in ") + name + " is empty");
      }
    }
    to.emplace_back(from[i]);
  }
}

// What the client's struct has, by kind; shorter structs leave defaults.
[[nodiscard]] LoadOptions taken(const bpusimLoadOptions& from) {
  LoadOptions to;
#define BPUSIM_LOAD_NUMBER(field, keyword) to.field = BPUSIM_GIVEN(from, field) ? from.field : 0;
#define BPUSIM_LOAD_NUMBERS(field, count, keyword)    \
  if (BPUSIM_GIVEN(from, count)) {                    \
    copyTo(to.field, from.field, from.count, #field); \
  }
#define BPUSIM_LOAD_FLAG(field, keyword) to.field = BPUSIM_GIVEN(from, field) && from.field != 0;
#define BPUSIM_LOAD_TEXTS(field, count, keyword) BPUSIM_LOAD_NUMBERS(field, count, keyword)
#define BPUSIM_LOAD_TEXT(field, keyword) BPUSIM_LOAD_PATH(field, keyword)
#define BPUSIM_LOAD_PATH(field, keyword) \
  to.field = BPUSIM_GIVEN(from, field) && from.field != nullptr ? from.field : "";
#define BPUSIM_LOAD_INTERNAL_FLAG(field) BPUSIM_LOAD_FLAG(field, field)
#include "bpusim/load_options.inc"
  return to;
}

void checkCpus(const std::vector<std::int32_t>& cpus) {
  cpu_set_t usable;
  CPU_ZERO(&usable);
  sched_getaffinity(0, sizeof(usable), &usable);
  for (const std::int32_t cpu : cpus) {
    if (cpu < 0 || cpu >= CPU_SETSIZE || !CPU_ISSET(static_cast<std::size_t>(cpu), &usable)) {
      throw Error(HB_UCP_INVALID_ARGUMENT,
                  "load options: CPU " + std::to_string(cpu) + " does not exist or this process may not use it");
    }
  }
}

}  // namespace

LoadOptions loadOptions() {
  LoadOptions options = chosen == nullptr ? LoadOptions() : *chosen;
  if (options.threads == 0) {
    options.threads = defaultThreads();
  }
  if (const char* const engine = secure_getenv("BPUSIM_ENGINE"); options.engine.empty() && engine != nullptr) {
    options.engine = engine;
    static_cast<void>(enginePlugin(options.engine));
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
  auto next = std::make_unique<LoadOptions>(taken(*options));
  if (next->threads < 0 || next->threads > kMaxThreads) {
    throw Error(HB_UCP_INVALID_ARGUMENT,
                "load options: " + std::to_string(next->threads) + " threads; 0 to 1024 are possible");
  }
  checkCpus(next->cpus);
  static_cast<void>(enginePlugin(next->engine));
  if (!next->keepFolder.empty() && next->keep.empty()) {
    throw Error(HB_UCP_INVALID_ARGUMENT, "load options: keepFolder is given, but no tensor to keep");
  }
  const auto all = std::remove(next->keep.begin(), next->keep.end(), "*");
  next->keepAll = all != next->keep.end();
  next->keep.erase(all, next->keep.end());
  chosen = std::move(next);
}

}  // namespace bpusim
