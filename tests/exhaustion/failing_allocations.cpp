// Preloaded into a test program (LD_PRELOAD): lets chosen allocations of the project's own libraries fail.
//
// An allocation counts when the first frame outside this library, libstdc++ and libc lies in one of the project's
// libraries, on whatever thread. Those of Python, numpy and the engine are left alone: how they fail is not the
// project's. Starting a thread counts as an allocation, because it needs memory, too.
#include <dlfcn.h>
#include <execinfo.h>
#include <link.h>
#include <pthread.h>
#include <sys/mman.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>

namespace {

struct Range {
  std::uintptr_t begin = 0;
  std::uintptr_t end = 0;
  bool own = false;  // of the project; else one that is looked through
};

std::array<Range, 64> ranges;
std::size_t rangeCount = 0;
std::atomic<std::int64_t> seen{0};
std::atomic<std::int64_t> failing{0};  // 0: nothing is counted
std::atomic<std::int64_t> length{1};
std::atomic<std::int64_t> failed{0};
thread_local bool looking = false;

bool contains(const char* text, const char* part) { return std::strstr(text, part) != nullptr; }

int noteLibrary(dl_phdr_info* info, std::size_t /*size*/, void* /*data*/) {
  const char* const name = info->dlpi_name;
  const bool own = contains(name, "/_core.") || contains(name, "/libdnn.so") || contains(name, "/libhbucp.so");
  const bool through = contains(name, "libstdc++") || contains(name, "libc.so") || contains(name, "libgcc_s") ||
                       contains(name, "failing_allocations");
  if (!own && !through) {
    return 0;
  }
  for (int i = 0; i < info->dlpi_phnum && rangeCount < ranges.size(); ++i) {
    const ElfW(Phdr) & part = info->dlpi_phdr[i];
    if (part.p_type == PT_LOAD && (part.p_flags & PF_X) != 0) {
      const std::uintptr_t begin = info->dlpi_addr + part.p_vaddr;
      ranges[rangeCount++] = {begin, begin + part.p_memsz, own};
    }
  }
  return 0;
}

// Of the frame that asked for memory: 1 the project's, 0 another's, -1 one to look through.
int ownerOf(const void* address) {
  const auto at = reinterpret_cast<std::uintptr_t>(address);
  for (std::size_t i = 0; i < rangeCount; ++i) {
    if (at >= ranges[i].begin && at < ranges[i].end) {
      return ranges[i].own ? 1 : -1;
    }
  }
  return 0;
}

bool ours() {
  std::array<void*, 24> frames{};
  const int depth = backtrace(frames.data(), static_cast<int>(frames.size()));
  for (int i = 0; i < depth; ++i) {
    if (const int owner = ownerOf(frames[static_cast<std::size_t>(i)]); owner >= 0) {
      return owner == 1;
    }
  }
  return false;
}

// Whether the allocation that is asked for now is the one to fail.
bool fails() {
  const std::int64_t first = failing.load(std::memory_order_relaxed);
  if (first == 0 || looking) {
    return false;
  }
  looking = true;
  const bool counts = ours();
  looking = false;
  if (!counts) {
    return false;
  }
  const std::int64_t number = seen.fetch_add(1) + 1;
  if (number < first || number >= first + length.load()) {
    return false;
  }
  failed.fetch_add(1);
  return true;
}

template <class Function>
Function next(const char* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

void* allocate(std::size_t size, std::size_t alignment) {
  if (fails()) {
    return nullptr;
  }
  // malloc and its like never come here again: they are not replaced.
  return alignment == 0 ? std::malloc(size != 0 ? size : 1)
                        : std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
}

void* allocateOrThrow(std::size_t size, std::size_t alignment) {
  void* const memory = allocate(size, alignment);
  if (memory == nullptr) {
    throw std::bad_alloc();
  }
  return memory;
}

}  // namespace

extern "C" {

// Lets the allocations first, first + 1, ... of those that follow fail, `count` of them; 0: none.
[[gnu::visibility("default")]] void failAllocations(std::int64_t first, std::int64_t count) {
  failing.store(0);
  rangeCount = 0;
  dl_iterate_phdr(&noteLibrary, nullptr);
  std::array<void*, 2> frames{};
  static_cast<void>(backtrace(frames.data(), 2));  // the unwinder loads itself at its first use
  seen.store(0);
  failed.store(0);
  length.store(count);
  failing.store(first);
}

// How many allocations were counted since then, and how many of them failed.
[[gnu::visibility("default")]] std::int64_t seenAllocations() { return seen.load(); }
[[gnu::visibility("default")]] std::int64_t failedAllocations() { return failed.load(); }

[[gnu::visibility("default")]] void* mmap(void* address, std::size_t size, int protection, int flags, int file,
                                          off_t offset) {
  static const auto real = next<decltype(&::mmap)>("mmap");
  if (fails()) {
    errno = ENOMEM;
    return MAP_FAILED;
  }
  return real(address, size, protection, flags, file, offset);
}

[[gnu::visibility("default")]] int pthread_create(pthread_t* thread, const pthread_attr_t* attributes,
                                                  void* (*body)(void*), void* argument) {
  static const auto real = next<decltype(&::pthread_create)>("pthread_create");
  return fails() ? EAGAIN : real(thread, attributes, body, argument);
}

}  // extern "C"

// NOLINTBEGIN(misc-new-delete-overloads): the library's own operator delete frees what malloc gave
[[gnu::visibility("default")]] void* operator new(std::size_t size) { return allocateOrThrow(size, 0); }
[[gnu::visibility("default")]] void* operator new[](std::size_t size) { return allocateOrThrow(size, 0); }
[[gnu::visibility("default")]] void* operator new(std::size_t size, std::align_val_t alignment) {
  return allocateOrThrow(size, static_cast<std::size_t>(alignment));
}
[[gnu::visibility("default")]] void* operator new[](std::size_t size, std::align_val_t alignment) {
  return allocateOrThrow(size, static_cast<std::size_t>(alignment));
}
[[gnu::visibility("default")]] void* operator new(std::size_t size, const std::nothrow_t& /*tag*/) noexcept {
  return allocate(size, 0);
}
[[gnu::visibility("default")]] void* operator new[](std::size_t size, const std::nothrow_t& /*tag*/) noexcept {
  return allocate(size, 0);
}
// NOLINTEND(misc-new-delete-overloads)
