#include "hbm_runtime/recorder.hpp"

namespace hbm {

void Recorder::add(RequestRecord record) {
  const std::lock_guard lock(mutex_);
  if (records_.size() < capacity_) {
    records_.push_back(std::move(record));
  } else {
    ++lost_;
  }
}

void Recorder::addLost() noexcept {
  const std::lock_guard lock(mutex_);
  ++lost_;
}

std::vector<RequestRecord> Recorder::records() const {
  const std::lock_guard lock(mutex_);
  return {records_.begin(), records_.end()};
}

std::size_t Recorder::size() const {
  const std::lock_guard lock(mutex_);
  return records_.size();
}

std::size_t Recorder::lost() const {
  const std::lock_guard lock(mutex_);
  return lost_;
}

}  // namespace hbm
