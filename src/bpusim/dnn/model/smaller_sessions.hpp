// Sessions of a model for times when several inferences share the processors.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <thread>
#include <utility>

#include "dnn/engine/engine.hpp"

namespace bpusim {

// One of the inferences that run in this process now.
class RunningInference {
 public:
  RunningInference() noexcept;
  ~RunningInference();
  RunningInference(const RunningInference&) = delete;
  RunningInference& operator=(const RunningInference&) = delete;

  // How many share the processors. Those that ended a moment ago count: callers that go on and on are all there, though
  // at times one of them is between two inferences.
  [[nodiscard]] std::int32_t together() const noexcept { return together_; }

 private:
  std::int32_t together_;
};

// Each has a half of the threads of the one before it. They are opened when they are first wanted, on a thread of
// their own, because that takes as long as loading the model.
class SmallerSessions {
 public:
  // Opens a session with a number of threads; null when that is not possible any more. May throw.
  using Open = std::function<std::unique_ptr<const EngineSession>(std::int32_t threads)>;

  SmallerSessions(Open open, std::int32_t threads) : open_(std::move(open)), threads_(threads) {}
  ~SmallerSessions();
  SmallerSessions(const SmallerSessions&) = delete;
  SmallerSessions& operator=(const SmallerSessions&) = delete;

  // The one that leaves each of so many inferences its part of the processors; null when that is the whole session, or
  // no better one is there yet.
  [[nodiscard]] const EngineSession* share(std::int32_t together);

 private:
  static constexpr std::size_t kMaxHalvings = 8;

  struct Slot {
    std::atomic<bool> wanted{false};
    std::atomic<const EngineSession*> ready{nullptr};
    std::unique_ptr<const EngineSession> session;
    std::thread opener;
  };

  void open(Slot& slot, std::int32_t threads) const noexcept;

  Open open_;
  std::int32_t threads_;
  std::array<Slot, kMaxHalvings> slots_;
};

}  // namespace bpusim
