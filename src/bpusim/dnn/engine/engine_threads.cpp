#include "dnn/engine/engine_threads.hpp"

#include <algorithm>
#include <string>
#include <system_error>

#include "dnn/engine/engine_process.hpp"
#include "threads/helper_thread.hpp"

namespace bpusim {

EngineThreads::EngineThreads(std::int32_t threads) {
  idle_.reserve(static_cast<std::size_t>(std::max(threads, 1)));
  try {
    while (idle_.size() + 1 < static_cast<std::size_t>(threads)) {
      auto next = std::make_unique<Thread>();
      next->thread = hbm::startHelperThread("bpusim-engine", [work = next->work.get_future()]() mutable {
        if (const Work got = work.get(); got.function != nullptr) {
          got.function(got.context);
        }
      });
      idle_.push_back(std::move(next));
    }
  } catch (const std::system_error& error) {
    end();
    throw ThreadsError(HB_DNN_OUT_OF_MEMORY, "the " + std::to_string(threads) +
                                                 " threads of the engine cannot be started: " + error.what() +
                                                 "; raise the limit of threads, or ask for fewer");
  } catch (...) {
    end();
    throw;
  }
}

EngineThreads::~EngineThreads() { end(); }

void EngineThreads::end() noexcept {
  for (const std::unique_ptr<Thread>& each : idle_) {
    each->work.set_value({});
    each->thread.join();
  }
  idle_.clear();
}

void EngineThreads::giveTo(ort::SessionOptions* options) {
  check(api().SessionOptionsSetCustomCreateThreadFn(options, &take));
  check(api().SessionOptionsSetCustomThreadCreationOptions(options, this));
  check(api().SessionOptionsSetCustomJoinThreadFn(options, &join));
}

void* EngineThreads::take(void* threads, ort::ThreadFunction function, void* context) {
  std::vector<std::unique_ptr<Thread>>& idle = static_cast<EngineThreads*>(threads)->idle_;
  if (idle.empty()) {
    return nullptr;
  }
  Thread* const next = idle.back().release();
  idle.pop_back();
  next->work.set_value({function, context});
  return next;
}

void EngineThreads::join(void* thread) {
  const std::unique_ptr<Thread> ended(static_cast<Thread*>(thread));
  ended->thread.join();
}

}  // namespace bpusim
