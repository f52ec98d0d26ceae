#include "dnn/model/model_session.hpp"

#include <chrono>
#include <cstdlib>
#include <mutex>
#include <utility>

#include "dnn/base/error.hpp"
#include "dnn/base/hbucp.hpp"
#include "dnn/engine/engine_plugins.hpp"
#include "dnn/engine/engine_threads.hpp"
#include "dnn/engine/processors.hpp"

namespace bpusim {
namespace {

template <class Clock>
std::int64_t nowNs() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now().time_since_epoch()).count();
}

// True if nobody has said where or with how many threads the model computes. A plug-in has threads of its own.
[[nodiscard]] bool choosesThreads(const LoadOptions& options) {
  const char* const cores = secure_getenv("BPUSIM_CPUS");
  return options.threads == 0 && options.cpus.empty() && (cores == nullptr || *cores == '\0') &&
         enginePlugin(options.engine) == nullptr;
}

}  // namespace

ModelSession::ModelSession(std::string_view graph, EngineOptions options, bool profiled)
    : graph_(graph), options_(std::move(options)), profiled_(profiled) {
  const bool chooses = choosesThreads(options_.load);
  if (chooses) {
    options_.load.threads = usableProcessors();
    options_.spins = options_.load.threads > 1;
  }
  try {
    open();
  } catch (const ThreadsError& error) {
    if (!chooses) {
      throw;
    }
    log(LogLevel::kInfo, (std::string(error.what()) + ". One computes").c_str());
    options_.load.threads = 1;
    options_.spins = false;
    open();
  }
}

void ModelSession::shareProcessors(Open open) {
  if (!options_.spins || profiled_) {
    return;
  }
  EngineOptions options = options_;
  options.spins = false;
  smaller_ = std::make_unique<SmallerSessions>(
      [open = std::move(open), options = std::move(options)](std::int32_t threads) {
        EngineOptions fewer = options;
        fewer.load.threads = threads;
        return open(std::move(fewer));
      },
      options_.load.threads);
}

void ModelSession::open() {
  if (!profiled_) {
    session_ = std::make_unique<EngineSession>(graph_, options_);
    return;
  }
  auto profile = std::make_unique<ProfileFile>();
  EngineOptions options = options_;
  options.profilePrefix = profile->prefix();
  auto session = std::make_unique<EngineSession>(graph_, options);
  profile->hide();
  begunNs_ = session->profileBegin() + nowNs<std::chrono::steady_clock>() - nowNs<std::chrono::system_clock>();
  profile_ = std::move(profile);
  session_ = std::move(session);
}

const std::vector<bpusimOperatorTime>& ModelSession::takeTimes() {
  const std::unique_lock lock(mutex_);
  const std::int64_t begun = begunNs_;
  static_cast<void>(session_->endProfile());
  std::vector<OperatorTime> times = readProfile(profile_->read());
  open();
  times_ = std::move(times);
  table_.clear();
  for (const OperatorTime& time : times_) {
    table_.push_back({time.name.c_str(), time.type.c_str(), begun + time.beginNs, time.durationNs, time.thread});
  }
  return table_;
}

}  // namespace bpusim
