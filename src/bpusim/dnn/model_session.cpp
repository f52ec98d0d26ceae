#include "model_session.hpp"

#include <chrono>
#include <mutex>
#include <utility>

#include "error.hpp"

namespace bpusim {
namespace {

template <class Clock>
std::int64_t nowNs() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now().time_since_epoch()).count();
}

}  // namespace

ModelSession::ModelSession(std::string_view graph, EngineOptions options, bool profiled)
    : graph_(graph), options_(std::move(options)), profiled_(profiled) {
  open();
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
