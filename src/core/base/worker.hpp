// A thread that stays.
#pragma once

#include <memory>
#include <thread>

namespace hbm {

// Runs work one after the other on a thread of its own, which starts with the first of it and ends with this object.
class Worker {
 public:
  // A piece of work. Whoever posts it has made it before, so that posting needs no memory and cannot fail; it must live
  // until run() is called, and is not touched after that.
  class Item {
   public:
    Item() = default;
    Item(const Item&) = delete;
    Item& operator=(const Item&) = delete;
    virtual ~Item() = default;

    virtual void run() noexcept = 0;

   private:
    friend class Worker;
    Item* next_ = nullptr;
  };

  explicit Worker(const char* threadName);
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // What is queued still runs. Safe on the worker's own thread and in a forked child.
  ~Worker();

  // Runs the work on the calling thread where the system has no thread left.
  void post(Item& item) noexcept;

 private:
  struct State;
  // Null where the system has no thread left, or no memory for one.
  [[nodiscard]] static std::unique_ptr<std::thread> threadOf(const std::shared_ptr<State>& state) noexcept;

  std::shared_ptr<State> state_;
};

}  // namespace hbm
