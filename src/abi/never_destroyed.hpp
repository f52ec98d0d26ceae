// Objects that exist once and are used until the process is gone, by threads and by other libraries' destructors.
#pragma once

#include <cstddef>
#include <new>
#include <utility>

namespace hbm {

// For a static variable. Needs no memory but its own, so that a first use may stand where nothing may fail, as long as
// the constructor of T does not.
template <class T>
class NeverDestroyed {
 public:
  template <class... Arguments>
  explicit NeverDestroyed(Arguments&&... arguments) {
    ::new (static_cast<void*>(memory_)) T(std::forward<Arguments>(arguments)...);
  }
  NeverDestroyed(const NeverDestroyed&) = delete;
  NeverDestroyed& operator=(const NeverDestroyed&) = delete;

  [[nodiscard]] T& operator*() noexcept { return *std::launder(reinterpret_cast<T*>(memory_)); }

 private:
  alignas(T) std::byte memory_[sizeof(T)];
};

}  // namespace hbm
