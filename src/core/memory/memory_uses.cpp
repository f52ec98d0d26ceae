#include "core/memory/memory_uses.hpp"

#include <algorithm>

namespace hbm {

MemoryUses::Answer MemoryUses::claim(const void* user, std::int64_t begin, std::int64_t end, bool writes) {
  const std::lock_guard lock(mutex_);
  Answer answer = Answer::kFree;
  for (const Use& use : uses_) {
    if (end <= use.begin || use.end <= begin || !(writes || use.writes)) {
      continue;
    }
    if (use.user != user) {
      return Answer::kInUse;
    }
    answer = Answer::kShared;
  }
  uses_.push_back({user, begin, end, writes});
  return answer;
}

void MemoryUses::release(const void* user) noexcept {
  const std::lock_guard lock(mutex_);
  uses_.erase(std::remove_if(uses_.begin(), uses_.end(), [user](const Use& use) { return use.user == user; }),
              uses_.end());
}

}  // namespace hbm
