// Memory for the elements of tensors.
#pragma once

#include <cstddef>
#include <memory>
#include <new>

namespace bpusim {

inline constexpr std::align_val_t kVectorAlignment{64};

struct FreeAligned {
  void operator()(std::byte* memory) const noexcept { ::operator delete(memory, kVectorAlignment); }
};
// Memory that is aligned for every vector instruction.
using AlignedBytes = std::unique_ptr<std::byte, FreeAligned>;

[[nodiscard]] inline AlignedBytes alignedBytes(std::size_t size) {
  return AlignedBytes(static_cast<std::byte*>(::operator new(size, kVectorAlignment)));
}

}  // namespace bpusim
