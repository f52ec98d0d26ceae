// The engine's session of a model, and its profile where the model was loaded with one.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <shared_mutex>
#include <string>
#include <vector>

#include "bpusim/extension.h"
#include "dnn/engine/engine.hpp"
#include "dnn/engine/operator_profile.hpp"
#include "dnn/model/smaller_sessions.hpp"

namespace bpusim {

class ModelSession {
 public:
  // `graph` has to live as long as the session when it is profiled. Without a number of threads in the options all
  // processors compute an inference that runs alone. Throws Error.
  ModelSession(std::string_view graph, EngineOptions options, bool profiled);

  // Lets inferences that overlap use sessions with fewer threads, which this opens. Before the first run.
  using Open = std::function<std::unique_ptr<const EngineSession>(EngineOptions options)>;
  void shareProcessors(Open open);

  [[nodiscard]] const EngineSession& engine() const noexcept { return *session_; }

  // Calls run(session), which is one inference. Runs may overlap each other, not the change to the next profile.
  template <class Run>
  void use(Run&& run) const {
    const RunningInference inference;
    if (!profiled_) {
      const EngineSession* const part = smaller_ == nullptr ? nullptr : smaller_->share(inference.together());
      run(part == nullptr ? *session_ : *part);
      return;
    }
    const std::shared_lock lock(mutex_);
    run(*session_);
  }

  [[nodiscard]] bool profiled() const noexcept { return profiled_; }

  // Times since the last call, valid until the next one. The engine can end a profile only once, so this sets up the
  // session anew: runs wait for that. Throws Error.
  [[nodiscard]] const std::vector<bpusimOperatorTime>& takeTimes();

 private:
  void open();

  std::string_view graph_;
  EngineOptions options_;
  bool profiled_;
  mutable std::shared_mutex mutex_;
  std::int64_t begunNs_ = 0;  // the profile, CLOCK_MONOTONIC
  std::unique_ptr<ProfileFile> profile_;
  std::unique_ptr<EngineSession> session_;
  std::unique_ptr<SmallerSessions> smaller_;  // null when all runs use the same number of threads
  std::vector<OperatorTime> times_;
  std::vector<bpusimOperatorTime> table_;
};

}  // namespace bpusim
