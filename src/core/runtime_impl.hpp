// What a runtime holds: loaded models, and the defaults that calls start from.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "core/model/model.hpp"
#include "core/request/call_check.hpp"
#include "core/request/request.hpp"
#include "core/request/scheduling.hpp"
#include "hbm_runtime/recorder.hpp"
#include "hbm_runtime/runtime.hpp"

namespace hbm {

class Runtime::Impl {
 public:
  explicit Impl(LoadedModels loaded) : loaded_(std::move(loaded)), defaults_(loaded_.models.size()) {}
  Impl(LoadedModels loaded, const Impl& other)
      : loaded_(std::move(loaded)), defaults_(other.schedParams()), recorder_(other.recorder()) {}

  [[nodiscard]] const LoadedModels& loaded() const noexcept { return loaded_; }

  [[nodiscard]] const std::vector<std::shared_ptr<const Model>>& models() const noexcept { return loaded_.models; }
  [[nodiscard]] const std::vector<std::string>& fileDescriptions() const noexcept { return loaded_.fileDescriptions; }

  [[nodiscard]] const std::shared_ptr<const Model>& at(std::size_t index) const {
    if (index >= loaded_.models.size()) {
      throw Error(ErrorKind::kInput, "there is no model with index " + std::to_string(index) + "; " +
                                         std::to_string(loaded_.models.size()) + " are loaded");
    }
    return loaded_.models[index];
  }

  [[nodiscard]] std::vector<SchedParam> schedParams() const {
    const std::lock_guard lock(mutex_);
    return defaults_;
  }

  [[nodiscard]] std::shared_ptr<Recorder> recorder() const {
    const std::lock_guard lock(mutex_);
    return recorder_;
  }

  void setRecorder(std::shared_ptr<Recorder> recorder) {
    const std::lock_guard lock(mutex_);
    recorder_ = std::move(recorder);
  }

  void checkSchedParams(const std::vector<std::pair<std::size_t, SchedOverrides>>& changes) const {
    for (const auto& [index, overrides] : changes) {
      const Model& model = *at(index);
      checkOverrides(model.info, model.soc, overrides);
    }
  }

  void setSchedParams(const std::vector<std::pair<std::size_t, SchedOverrides>>& changes) {
    checkSchedParams(changes);
    const std::lock_guard lock(mutex_);
    for (const auto& [index, overrides] : changes) {
      defaults_[index] = merged(std::move(defaults_[index]), overrides);
    }
  }

  void check(const std::vector<Call>& calls, Targets targets = Targets::kExact) const {
    for (const Call& call : calls) {
      const Model& model = *at(call.model);
      checkOverrides(model.info, model.soc, call.sched);
      checkTensors(model, call, targets);
    }
  }

  // Checks all calls, then makes their requests.
  [[nodiscard]] std::vector<std::shared_ptr<RequestImpl>> makeRequests(const std::vector<Call>& calls,
                                                                       Completion completion,
                                                                       const CallOptions& options) const {
    check(calls, options.targets);
    std::vector<std::shared_ptr<RequestImpl>> requests;
    requests.reserve(calls.size());
    const std::lock_guard lock(mutex_);
    for (const Call& call : calls) {
      requests.push_back(std::make_shared<RequestImpl>(at(call.model), merged(defaults_[call.model], call.sched),
                                                       completion, options, recorder_));
    }
    return requests;
  }

 private:
  const LoadedModels loaded_;
  mutable std::mutex mutex_;
  std::vector<SchedParam> defaults_;
  std::shared_ptr<Recorder> recorder_;
};

}  // namespace hbm
