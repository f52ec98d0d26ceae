// What the tests of the hbUCP functions share. It uses the C ABI alone: the same binaries judge a board.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "dnn_support.hpp"

namespace ucp {

using dnn::extension;

// Against hangs only; no test depends on its length, which is for emulators.
inline constexpr std::chrono::minutes kPatience{4};

// For tests of what no document settles and bpusim has decided (src/bpusim/README.md): a board may differ.
inline void onlyOnBpusim() {
  if (extension() == nullptr) {
    SKIP("no document settles this, and the driver is not bpusim");
  }
}

// What clients hold; all zero on a board, where nobody can tell.
inline bpusimLive live() {
  bpusimLive now{};
  if (extension() != nullptr) {
    CHECK_EQ(extension()->getLive(&now), HB_UCP_SUCCESS);
  }
  return now;
}

using Allocate = std::int32_t (*)(hbUCPSysMem*, std::uint64_t, std::int32_t);

// A block of device memory, freed at the end.
class Block {
 public:
  explicit Block(std::uint64_t size, Allocate allocate = hbUCPMallocCached) {
    CHECK_EQ(allocate(&mem, size, 0), HB_UCP_SUCCESS);
  }
  ~Block() { free(); }
  Block(Block&& other) noexcept : mem(std::exchange(other.mem, {})) {}
  Block& operator=(Block&&) = delete;

  std::int32_t free() {
    hbUCPSysMem given = std::exchange(mem, {});
    return given.virAddr == nullptr ? HB_UCP_SUCCESS : hbUCPFree(&given);
  }

  // Both addresses moved, the size as given.
  [[nodiscard]] hbUCPSysMem window(std::uint64_t offset, std::uint64_t size) const {
    return {mem.phyAddr + offset, bytes() + offset, size};
  }
  [[nodiscard]] std::uint8_t* bytes() const { return static_cast<std::uint8_t*>(mem.virAddr); }

  hbUCPSysMem mem{};
};

// An inference of y = 2 x + 1, ready to be made into a task; running it is over in no time.
class Inference {
 public:
  explicit Inference(const std::string& file = "affine.onnx") : packed_({file}), tensors_(packed_.model()) {
    dnn::count<float>(tensors_.inputs[0]);
  }

  [[nodiscard]] std::int32_t into(hbUCPTaskHandle_t* task) {
    return hbDNNInferV2(task, tensors_.outputs.data(), tensors_.inputs.data(), packed_.model());
  }
  [[nodiscard]] bool computed() const { return dnn::counts<float>(tensors_.outputs[0], 2, 1); }

 private:
  dnn::Packed packed_;
  dnn::Tensors tensors_;
};

// A task of one inference.
struct Task : dnn::Task {
  explicit Task(Inference& inference) { CHECK_EQ(inference.into(&handle), HB_DNN_SUCCESS); }
};

inline hbUCPSchedParam parameters(std::uint64_t backend, std::int32_t priority = 0, std::int64_t customId = 0) {
  return {priority, customId, backend, 0};
}

// Handles that no driver has given out, NULL, and one that it has taken back.
inline std::vector<hbUCPTaskHandle_t> deadTasks() {
  Inference inference;
  Task task(inference);
  const hbUCPTaskHandle_t released = task.handle;
  CHECK_EQ(task.release(), HB_UCP_SUCCESS);
  return {nullptr, released, dnn::invented<hbUCPTaskHandle_t>(1), dnn::invented<hbUCPTaskHandle_t>(0x7fff0000),
          dnn::invented<hbUCPTaskHandle_t>(~std::uintptr_t{0})};
}

// Closed until opened.
class Gate {
 public:
  void open() {
    // Under the lock: a thread that passes may destroy the gate at once.
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  // False when it stays closed for so long that the driver must hang.
  [[nodiscard]] bool pass() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, [&] { return open_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
};

// Keeps a core of bpusim busy until it is let go: a callback holds its core.
class HeldCore {
 public:
  explicit HeldCore(std::uint64_t backend) : task_(inference_) {
    CHECK_EQ(hbUCPSetTaskDoneCb(task_.handle, hold, this), HB_UCP_SUCCESS);
    CHECK_EQ(task_.submit(backend), HB_UCP_SUCCESS);
    CHECK(held_.pass());
  }
  HeldCore(const HeldCore&) = delete;
  HeldCore& operator=(const HeldCore&) = delete;
  ~HeldCore() {
    letGo();
    static_cast<void>(task_.wait());
  }

  void letGo() { gate_.open(); }

 private:
  static void hold(hbUCPTaskHandle_t, std::int32_t, void* userdata) {
    auto& self = *static_cast<HeldCore*>(userdata);
    self.held_.open();
    static_cast<void>(self.gate_.pass());
  }

  Gate held_;
  Gate gate_;
  Inference inference_;
  Task task_;
};

// Notes in which order tasks end, from callbacks.
class Order {
 public:
  // Sets the task's callback; the name is noted when the task has ended.
  void watch(const Task& task, std::string name) {
    members_.push_back({this, std::move(name)});
    CHECK_EQ(hbUCPSetTaskDoneCb(task.handle, note, &members_.back()), HB_UCP_SUCCESS);
  }

  [[nodiscard]] std::string text() const {
    const std::lock_guard lock(mutex_);
    return text_;
  }

 private:
  struct Member {
    Order* order;
    std::string name;
  };

  static void note(hbUCPTaskHandle_t, std::int32_t, void* userdata) {
    const auto& member = *static_cast<const Member*>(userdata);
    const std::lock_guard lock(member.order->mutex_);
    member.order->text_ += (member.order->text_.empty() ? "" : " ") + member.name;
  }

  mutable std::mutex mutex_;
  std::string text_;
  std::deque<Member> members_;
};

// For what has no gate: how a core of bpusim stands.
template <class Condition>
[[nodiscard]] bool eventually(Condition&& condition) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) {
      return false;
    }
    std::this_thread::yield();
  }
  return true;
}

inline bpusimCoreLoad load(std::int32_t core) {
  bpusimCoreLoad now{};
  CHECK_EQ(dnn::needExtension().getCoreLoad(&now, core), HB_UCP_SUCCESS);
  return now;
}

}  // namespace ucp
