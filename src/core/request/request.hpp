// The one object for one model's inference, synchronous or not.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "core/base/shared_error.hpp"
#include "core/base/worker.hpp"
#include "core/model/model.hpp"
#include "core/request/dispatcher.hpp"
#include "core/request/inference.hpp"
#include "core/request/progress.hpp"
#include "hbm_runtime/request.hpp"
#include "hbm_runtime/runtime.hpp"

namespace hbm {

[[nodiscard]] Error timeoutError(const std::string& model, std::optional<std::chrono::nanoseconds> timeout);

// Who learns that the task has ended: the thread that waits for the request, the driver's callback, or a thread of its
// own that waits without limit.
enum class Completion : std::uint8_t { kByWaiter, kByCallback, kByThread };

// Life: kPreparing -> (kQueued ->) kRunning -> kDone, kFailed or kCancelled. The last three are final for the user; the
// device may go on after kCancelled, and the memory stays until it is done.
// What happens to a request after it was made needs no memory, or fails the request where there is none: most of it
// happens on threads, and in callbacks of the driver, where nobody could handle an exception.
class RequestImpl final : public Request, public Dispatchable, public std::enable_shared_from_this<RequestImpl> {
 public:
  RequestImpl(std::shared_ptr<const Model> model, SchedParam sched, Completion completion, const CallOptions& options,
              std::shared_ptr<Recorder> recorder);

  [[nodiscard]] RequestState state() const override;
  [[nodiscard]] bool wait(std::optional<std::chrono::nanoseconds> timeout) override;
  [[nodiscard]] const std::vector<DeviceTensor>& outputs() const override;
  [[nodiscard]] std::optional<Error> error() const override;
  bool cancel() override;
  void abandon() override;
  void onDone(std::function<void()> callback) override;
  [[nodiscard]] RequestInfo info() const override;

  [[nodiscard]] static bool final(RequestState state) noexcept { return state >= RequestState::kDone; }

  // Copies the inputs in. False when that failed: the request has ended.
  [[nodiscard]] bool prepare(const Call& call) noexcept;

  [[nodiscard]] Submission submit() noexcept override;
  void queued(std::int32_t depth) noexcept override;
  void refuse() noexcept override;
  [[nodiscard]] const Turn& turn() const noexcept override { return turn_; }
  void arrived(std::uint64_t number) noexcept override { turn_.arrival = number; }

  // Before it is started: sets who is notified when it is submitted and when it ends.
  void reportTo(std::shared_ptr<Progress> progress) { progress_ = std::move(progress); }
  // Ends it after it was taken out of the queue.
  void endCancelled() noexcept;
  // Ends it with the exception that is being handled, while no task exists.
  void failWithCurrentException() noexcept;

  // Its time-out has come: ends it unless it has ended.
  void expire() noexcept;

  // Waits until it has ended, `until` has come or `interrupted` says so; may wait on the driver. Returns true if it
  // ended.
  [[nodiscard]] bool waitUntil(std::optional<std::chrono::steady_clock::time_point> until,
                               const std::function<bool()>& interrupted);

  // Waits for the task without limit and ends the request: on a thread of its own.
  void waitForTask() noexcept;

  // The driver's callback came: a thread that waits completes the request, which saves waking another one, else the
  // completion thread does. On the driver's thread.
  void taskEnded(std::int32_t status) noexcept;

 private:
  // Ends requests that nobody waits for.
  [[nodiscard]] static Worker& completionThread();

  // After taskEnded(), on the completion thread. Keeps the request alive until then.
  struct CompletionWork final : Worker::Item {
    void run() noexcept override;
    Worker& thread = completionThread();  // made now, because posting the work must not need memory
    std::shared_ptr<RequestImpl> request;
    std::int32_t status = 0;
  };

  // True on the thread that made this request and does nothing before it has ended.
  [[nodiscard]] bool isAwaitedHere() const noexcept;
  // True if the driver may compute the task on this thread, which would only wait for it.
  [[nodiscard]] bool mayRunHere() const noexcept;
  // Wakes all threads that wait for a change of the state.
  void announce() noexcept;
  // The error that is being handled, with what is known of the model.
  [[nodiscard]] SharedError currentError() const noexcept;
  // An error that is about the model alone: its name, then the text.
  [[nodiscard]] SharedError errorOf(ErrorKind kind, const char* text) const noexcept;
  [[nodiscard]] SharedError waitingError(std::int32_t status) const noexcept;
  void endFailed(SharedError error) noexcept;
  [[nodiscard]] bool waitSlices(std::optional<std::chrono::steady_clock::time_point> until,
                                const std::function<bool()>& interrupted);
  // Has the completion thread do the rest after taskEnded().
  void leaveToCompletionThread(std::int32_t status) noexcept;
  // After taskEnded(), once.
  void completeByCallback(std::int32_t status) noexcept;
  // Takes a completion that taskEnded() left to the waiting threads. Needs mutex_.
  [[nodiscard]] std::optional<std::int32_t> takeReport() noexcept;
  // Waits on the driver for a slice of time. Returns true if the request has ended.
  [[nodiscard]] bool waitOnDriver(std::int32_t milliseconds) noexcept;
  // Leaves the waiting for the task to a thread of its own, if none does it yet.
  void leaveToThread() noexcept;
  // False if there is no thread to be had.
  [[nodiscard]] bool startWaiter() noexcept;
  void leaveUnattended() noexcept;
  // Tries again to find threads for requests that found none.
  static void attend() noexcept;
  // The task has ended with this status: collects the outputs, gives everything back.
  void complete(std::int32_t status) noexcept;
  // Writes the outputs to where the caller wants them, unless the request has ended for the caller, who may have freed
  // it.
  [[nodiscard]] std::vector<DeviceTensor> collect(std::vector<CopyRecord>* copies);
  // Gives task, memory and task slot back.
  void giveBack() noexcept;
  // The driver failed to tell whether the task has ended.
  void completeUnknown(std::int32_t status) noexcept;
  // Lets go of it with this error, whatever its state.
  void drop(RequestState state, SharedError error) noexcept;
  // Threads of one request whose waiting is recorded; one that polls would fill the memory.
  static constexpr std::size_t kMaxWaits = 8;
  // Counts and records the end. Needs mutex_.
  void account() noexcept;
  // What the recorder wants to know of a completion; kept unless the request has ended meanwhile.
  void noteCompletion(RequestTrace&& seen) noexcept;
  // A thread begins and ends to wait. Needs mutex_.
  void noteWaitBegin();
  void noteWaitEnd() noexcept;
  void end(RequestState state, std::vector<DeviceTensor> outputs, SharedError error) noexcept;

  const std::shared_ptr<const Model> model_;
  const SchedParam sched_;
  Turn turn_;
  const std::optional<std::chrono::steady_clock::time_point> deadline_;
  const std::optional<std::chrono::nanoseconds> timeout_;
  const std::shared_ptr<Recorder> recorder_;  // nullptr: nobody records
  const std::thread::id maker_ = std::this_thread::get_id();
  const bool awaited_;  // by its maker, though it has a callback

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::shared_ptr<Progress> progress_;
  RequestState state_ = RequestState::kPreparing;
  Completion completion_;
  bool submitting_ = false;  // between taking a slot and the driver's answer
  bool collecting_ = false;  // the caller's memory is being written
  std::int32_t waiters_ = 0;
  std::optional<std::int32_t> reported_;    // by taskEnded() to the waiting threads, until one takes it
  std::optional<std::int32_t> endedEarly_;  // by taskEnded() to submit(), which has not returned from the driver yet
  std::int64_t reportedNs_ = 0;             // when taskEnded() came; waking the thread that completes takes its time
  bool timedOut_ = false;                   // a wait on the driver has; of the thread that waits
  std::vector<DeviceTensor> outputs_;
  SharedError error_;
  std::shared_ptr<const void> keeps_;  // lives until the caller's memory is not written any more
  std::vector<std::function<void()>> callbacks_;
  RequestInfo info_;
  CompletionWork completionWork_;
  std::shared_ptr<RequestImpl> unattendedSelf_;  // while no thread waits for its task though one should
  RequestImpl* nextUnattended_ = nullptr;
  std::unique_ptr<RequestTrace> trace_;  // for the recorder; nullptr without one, and after the end

  Inference inference_;  // of the thread that prepares, submits or completes; they follow each other
};

}  // namespace hbm
