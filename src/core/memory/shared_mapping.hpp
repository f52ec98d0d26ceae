// Memory of a file that its owner may shrink at any time. Touching a mapping of what is gone raises SIGBUS, which ends
// the process; in these mappings it puts zeros in the place of the file, and broken() is true from then on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace hbm {

// Safe to use from any thread. The first one installs a handler of SIGBUS for the rest of the process, which passes on
// what lies outside of all these mappings. It works on threads that do not block the signal.
class SharedMapping {
 public:
  // Maps bytes of an open file, for reading and writing. `size` is not 0, and the file has that much. Throws Error.
  SharedMapping(int descriptor, std::uint64_t offset, std::size_t size);
  SharedMapping(const SharedMapping&) = delete;
  SharedMapping& operator=(const SharedMapping&) = delete;
  ~SharedMapping();

  [[nodiscard]] std::byte* data() const noexcept { return data_; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }

  // True if some of the file was gone when it was touched. From then on the mapping has nothing to do with the file.
  [[nodiscard]] bool broken() const noexcept;

 private:
  struct Pages;
  const std::size_t size_;
  std::unique_ptr<Pages> pages_;
  std::byte* data_ = nullptr;
};

}  // namespace hbm
