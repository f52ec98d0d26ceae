// What the runs of a model have shown about its outputs: where the engine may write them in place. Thread-safe.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace bpusim {

// The engine writes into memory that it is handed only when it computes the output: not when the output is an input or
// a constant, nor one value under two names. And it refuses memory of another shape than the result's, whatever the
// graph declares. None of that can be read off the graph, so an output is written in place only after a run into the
// engine's own memory has shown that it can be.
class OutputHistory {
 public:
  void resize(std::size_t outputs) { seen_ = std::make_unique<std::atomic<Seen>[]>(outputs); }

  [[nodiscard]] bool inPlace(std::size_t output) const noexcept {
    return seen_[output].load(std::memory_order_relaxed) == Seen::kComputed;
  }

  // A run has computed the output, in the shape that the model declares.
  void noteComputed(std::size_t output) noexcept {
    Seen expected = Seen::kNothing;
    seen_[output].compare_exchange_strong(expected, Seen::kComputed, std::memory_order_relaxed);
  }

  // From now on it is never written in place.
  void noteOther(std::size_t output) noexcept { seen_[output].store(Seen::kOther, std::memory_order_relaxed); }

  // Returns true for the first caller: a wrong declaration is reported once for each model.
  [[nodiscard]] bool reportFirst() noexcept { return !reported_.exchange(true, std::memory_order_relaxed); }

 private:
  enum class Seen : std::uint8_t { kNothing, kComputed, kOther };

  std::unique_ptr<std::atomic<Seen>[]> seen_;
  std::atomic<bool> reported_{false};
};

}  // namespace bpusim
