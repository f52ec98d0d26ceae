// The dispatcher alone, with pieces of work that are no requests: whose turn it is, and what a full pool does.
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "core/request/dispatcher.hpp"
#include "support/check.hpp"

using hbm::Dispatchable;
using hbm::Dispatcher;

namespace {

struct Log {
  std::mutex mutex;
  std::vector<std::string> submitted;

  [[nodiscard]] std::size_t count() {
    const std::lock_guard lock(mutex);
    return submitted.size();
  }
};

class Work final : public Dispatchable {
 public:
  Work(Log& log, std::string name, std::int32_t priority = 0, std::int64_t customId = 0)
      : log_(log), name_(std::move(name)), turn_{priority, customId, 0} {}

  Submission submit() noexcept override {
    const std::lock_guard lock(log_.mutex);
    if (refusals > 0) {
      --refusals;
      return Submission::kPoolFull;
    }
    log_.submitted.push_back(name_);
    return ended ? Submission::kEnded : Submission::kSubmitted;
  }
  void queued(std::int32_t depth) noexcept override { waitsBehind = depth; }
  void refuse() noexcept override { refused = true; }
  [[nodiscard]] const Turn& turn() const noexcept override { return turn_; }
  void arrived(std::uint64_t number) noexcept override { turn_.arrival = number; }

  int refusals = 0;
  bool ended = false;
  bool refused = false;
  std::int32_t waitsBehind = -1;

 private:
  Log& log_;
  const std::string name_;
  Turn turn_;
};

}  // namespace

TEST(turns_follow_priority_then_custom_id_then_arrival) {
  Log log;
  Dispatcher dispatcher(1);
  const auto first = std::make_shared<Work>(log, "first");
  dispatcher.start(first);
  CHECK_EQ(first->waitsBehind, -1);
  std::vector<std::shared_ptr<Work>> waiting = {
      std::make_shared<Work>(log, "low"), std::make_shared<Work>(log, "low, later"),
      std::make_shared<Work>(log, "high, id 7", 5, 7), std::make_shared<Work>(log, "high, id 3", 5, 3),
      std::make_shared<Work>(log, "lowest", -1)};
  for (const auto& each : waiting) {
    dispatcher.start(each);
  }
  CHECK_EQ(waiting.back()->waitsBehind, 4);
  for (std::size_t i = 0; i < waiting.size(); ++i) {
    dispatcher.taskEnded();
  }
  const std::vector<std::string> expected = {"first", "high, id 3", "high, id 7", "low", "low, later", "lowest"};
  CHECK(log.submitted == expected);
}

TEST(what_has_ended_takes_no_slot) {
  Log log;
  Dispatcher dispatcher(1);
  const auto ended = std::make_shared<Work>(log, "ended");
  ended->ended = true;
  dispatcher.start(ended);
  dispatcher.start(std::make_shared<Work>(log, "next"));
  CHECK_EQ(log.count(), 2U);
}

TEST(all_of_them_are_taken_out_or_none) {
  Log log;
  Dispatcher dispatcher(1);
  const auto running = std::make_shared<Work>(log, "running");
  const auto one = std::make_shared<Work>(log, "one");
  const auto two = std::make_shared<Work>(log, "two");
  for (const auto& each : {running, one, two}) {
    dispatcher.start(each);
  }
  CHECK(!dispatcher.remove({one, running}));
  CHECK(dispatcher.remove({one, two}));
  CHECK(!dispatcher.remove(*one));
  dispatcher.taskEnded();
  CHECK_EQ(log.count(), 1U);
}

TEST(a_pool_that_others_fill_is_tried_again) {
  Log log;
  Dispatcher dispatcher(4);
  const auto work = std::make_shared<Work>(log, "work");
  work->refusals = 3;
  dispatcher.start(work);
  const auto giveUp = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (log.count() == 0 && std::chrono::steady_clock::now() < giveUp) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  CHECK_EQ(log.count(), 1U);
  CHECK(!work->refused);
}
