// Which parts of a block of device memory requests in flight read and write.
#pragma once

#include <cstdint>
#include <mutex>
#include <vector>

namespace hbm {

// Many may read a part at a time, or one may write it. Thread-safe.
class MemoryUses {
 public:
  enum class Answer : std::uint8_t {
    kFree,    // nobody else is in the way
    kShared,  // only this user's own other tensor is
    kInUse,   // another user is; nothing was noted
  };

  // Notes that `user` reads or writes the bytes [begin, end) until release().
  [[nodiscard]] Answer claim(const void* user, std::int64_t begin, std::int64_t end, bool writes);

  void release(const void* user) noexcept;

 private:
  struct Use {
    const void* user;
    std::int64_t begin;
    std::int64_t end;
    bool writes;
  };

  std::mutex mutex_;
  std::vector<Use> uses_;
};

}  // namespace hbm
