#include "dnn/model/smaller_sessions.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <exception>
#include <mutex>
#include <string>

#include "dnn/base/hbucp.hpp"
#include "never_destroyed.hpp"
#include "threads/helper_thread.hpp"

namespace bpusim {
namespace {

// The engine's static objects must not go while a session is being opened. What takes longer than this is left behind.
constexpr std::chrono::milliseconds kExitTime{600};

// How long an overlap of inferences is remembered.
constexpr std::chrono::milliseconds kMoment{20};

using Clock = std::chrono::steady_clock;

std::atomic<std::int32_t> running{0};
// The last time that several ran, and how many. The two need not fit together: either is only a guess at what comes.
std::atomic<Clock::rep> lastShared{0};
std::atomic<std::int32_t> lastTogether{1};

struct Openings {
  std::mutex mutex;
  std::condition_variable ended;
  std::int32_t count = 0;
  bool exiting = false;
  bool registered = false;
};

[[nodiscard]] Openings& openings() {
  // Never destroyed: threads may open a session until the process is gone.
  static hbm::NeverDestroyed<Openings> all;
  return *all;
}

void awaitOpenings() {
  Openings& all = openings();
  std::unique_lock lock(all.mutex);
  all.exiting = true;
  all.ended.wait_for(lock, kExitTime, [&] { return all.count == 0; });
}

// False while the process exits.
[[nodiscard]] bool beginOpening() {
  Openings& all = openings();
  const std::lock_guard lock(all.mutex);
  if (!all.registered) {  // only now, after the engine has been loaded, so that this comes before its own end
    all.registered = std::atexit(awaitOpenings) == 0;
  }
  all.count += all.exiting ? 0 : 1;
  return !all.exiting;
}

void endOpening() {
  Openings& all = openings();
  const std::lock_guard lock(all.mutex);
  --all.count;
  all.ended.notify_all();
}

// How often the threads are halved, so that each of `together` inferences has its part.
[[nodiscard]] std::size_t halvings(std::int32_t together, std::int32_t threads) noexcept {
  std::size_t count = 0;
  while ((1 << count) < together && (threads >> count) > 1) {
    ++count;
  }
  return count;
}

}  // namespace

RunningInference::RunningInference() noexcept : together_(++running) {
  if (const Clock::duration last(lastShared); Clock::now().time_since_epoch() - last < kMoment) {
    together_ = std::max(together_, lastTogether.load());
  }
}

RunningInference::~RunningInference() {
  if (const std::int32_t together = running--; together > 1) {
    lastShared = Clock::now().time_since_epoch().count();
    lastTogether = together;
  }
}

SmallerSessions::~SmallerSessions() {
  for (Slot& slot : slots_) {
    if (slot.opener.joinable()) {
      slot.opener.join();
    }
  }
}

const EngineSession* SmallerSessions::share(std::int32_t together) {
  const std::size_t halved = std::min(halvings(together, threads_), kMaxHalvings);
  if (halved == 0) {
    return nullptr;
  }
  Slot& slot = slots_[halved - 1];
  if (const EngineSession* const ready = slot.ready.load(std::memory_order_acquire); ready != nullptr) {
    return ready;
  }
  if (!slot.wanted.exchange(true)) {  // also when it fails, nobody tries again
    try {
      slot.opener = hbm::startHelperThread("bpusim-opener", [&, threads = threads_ >> halved] { open(slot, threads); });
    } catch (const std::exception& error) {  // no thread is left
      log(LogLevel::kInfo, error.what());
    }
  }
  return nullptr;
}

void SmallerSessions::open(Slot& slot, std::int32_t threads) const noexcept {
  if (!beginOpening()) {
    return;
  }
  try {
    slot.session = open_(threads);
    log(LogLevel::kDebug, ((slot.session == nullptr ? "the model's file has changed: no session with "
                                                    : "inferences overlap: opened a session with ") +
                           std::to_string(threads) + " of the engine's threads")
                              .c_str());
    slot.ready.store(slot.session.get(), std::memory_order_release);
  } catch (const std::exception& error) {
    log(LogLevel::kInfo, "a session with fewer threads cannot be opened:");  // one text would need memory
    log(LogLevel::kInfo, error.what());
  }
  endOpening();
}

}  // namespace bpusim
