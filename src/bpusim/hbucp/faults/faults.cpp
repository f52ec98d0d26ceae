#include "hbucp/faults/faults.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "hbucp/base/log.hpp"
#include "hbucp/base/settings.hpp"
#include "hbucp/faults/fault_grammar.hpp"
#include "hobot/hb_ucp_status.h"
#include "never_destroyed.hpp"

namespace bpusim::faults {
namespace {

using Clock = std::chrono::steady_clock;

// What the matching rules of one call or task add up to.
struct Effect {
  std::chrono::nanoseconds delay{0};
  std::int32_t status = HB_UCP_SUCCESS;
  bool hang = false;
  std::uint64_t hangs = 0;  // of State, when the rules were looked at
};

class State {
 public:
  State() {
    if (settings().faults.empty()) {
      return;
    }
    auto parsed = parse(settings().faults, settings().platform.cores);
    if (const auto* problem = std::get_if<std::string>(&parsed)) {
      log(LogLevel::kWarn, "BPUSIM_FAULT is ignored: " + *problem);
    } else {
      replace(std::get<Rules>(std::move(parsed)));
    }
  }

  void replace(Rules rules) {
    {
      const std::lock_guard lock(mutex_);
      rules_ = std::move(rules);
      begin_ = Clock::now();
      ++hangs_;
      active_.store(!rules_.calls.empty());
    }
    held_.notify_all();
  }

  [[nodiscard]] bool active() const { return active_.load(std::memory_order_relaxed); }

  Effect count(std::string_view function) {
    Effect effect;
    const std::lock_guard lock(mutex_);
    effect.hangs = hangs_;  // a task that is let go before it waits does not begin to
    for (CallRule& rule : rules_.calls) {
      if (rule.function != function) {
        continue;
      }
      ++rule.seen;
      if (rule.seen < rule.first || rule.seen > rule.last) {
        continue;
      }
      effect.delay += rule.delay;
      effect.hang = effect.hang || rule.action == Action::kHang;
      if (rule.action == Action::kFail && effect.status == HB_UCP_SUCCESS) {
        effect.status = rule.status;
      }
    }
    return effect;
  }

  // The status to end the task with.
  std::int32_t hold(const Effect& effect, const std::atomic<bool>& goOn) {
    std::unique_lock lock(mutex_);
    if (effect.delay.count() > 0) {
      held_.wait_until(lock, Clock::now() + effect.delay, [&] { return goOn.load(); });
    }
    if (effect.hang) {
      held_.wait(lock, [&] { return goOn.load() || hangs_ != effect.hangs; });
      if (goOn.load()) {
        return HB_UCP_TASK_RUN_FAILED;
      }
    }
    return effect.status;
  }

  void releaseHanging() {
    {
      const std::lock_guard lock(mutex_);
      ++hangs_;
    }
    held_.notify_all();
  }

  void wakeHeld() {
    // The lock makes sure that a thread between its look at goOn and its wait is not missed.
    {
      const std::lock_guard lock(mutex_);
    }
    held_.notify_all();
  }

  CoreLoss coreLoss() {
    const std::lock_guard lock(mutex_);
    const Clock::duration now = Clock::now() - begin_;
    CoreLoss loss;
    auto next = std::chrono::nanoseconds::max();
    for (const CoreRule& rule : rules_.cores) {
      if (now < rule.begin) {
        next = std::min(next, rule.begin);
      } else if (now < rule.end) {
        loss.lost |= 1U << static_cast<unsigned>(rule.core);
        next = std::min(next, rule.end);
      }
    }
    if (next != std::chrono::nanoseconds::max()) {
      loss.changes = begin_ + next;
    }
    return loss;
  }

 private:
  std::atomic<bool> active_{false};
  std::mutex mutex_;
  std::condition_variable held_;
  Rules rules_;
  Clock::time_point begin_ = Clock::now();
  std::uint64_t hangs_ = 0;  // counts the moments at which hanging tasks go on
};

State& state() {
  static hbm::NeverDestroyed<State> instance;
  return *instance;
}

[[maybe_unused]] State& readAtLoad = state();

}  // namespace

std::optional<std::string> set(std::string_view spec) {
  auto parsed = parse(spec, settings().platform.cores);
  if (auto* problem = std::get_if<std::string>(&parsed)) {
    return std::move(*problem);
  }
  state().replace(std::get<Rules>(std::move(parsed)));
  return std::nullopt;
}

std::int32_t onCall(const char* function) noexcept {
  if (!state().active()) {
    return HB_UCP_SUCCESS;
  }
  const Effect effect = state().count(function);
  if (effect.delay.count() > 0) {
    std::this_thread::sleep_for(effect.delay);
  }
  return effect.status;
}

std::int32_t onTask(const std::atomic<bool>& goOn) noexcept {
  if (!state().active()) {
    return HB_UCP_SUCCESS;
  }
  const Effect effect = state().count(kTasks);
  return state().hold(effect, goOn);
}

bool active() noexcept { return state().active(); }

void releaseHanging() noexcept { state().releaseHanging(); }

void wakeHeld() noexcept { state().wakeHeld(); }

CoreLoss coreLoss() { return state().coreLoss(); }

}  // namespace bpusim::faults
