// Threads for a session of the engine, all of which are there before the session is opened: an engine that gets only
// some of those that it wants never returns.
#pragma once

#include <cstdint>
#include <future>
#include <memory>
#include <thread>
#include <vector>

#include "dnn/base/error.hpp"
#include "dnn/engine/ort_api.hpp"

namespace bpusim {

class ThreadsError : public Error {
 public:
  using Error::Error;
};

class EngineThreads {
 public:
  // For `threads` that compute, one of which is the caller of run(). Throws ThreadsError.
  explicit EngineThreads(std::int32_t threads);
  ~EngineThreads();  // those that no session has taken end
  EngineThreads(const EngineThreads&) = delete;
  EngineThreads& operator=(const EngineThreads&) = delete;

  // The session that is created with the options takes threads of this, which has to live until it is. Throws Error.
  void giveTo(ort::SessionOptions* options);

 private:
  struct Work {
    ort::ThreadFunction function = nullptr;
    void* context = nullptr;
  };
  struct Thread {
    std::promise<Work> work;
    std::thread thread;
  };

  void end() noexcept;
  static void* take(void* threads, ort::ThreadFunction function, void* context);
  static void join(void* thread);

  std::vector<std::unique_ptr<Thread>> idle_;
};

}  // namespace bpusim
