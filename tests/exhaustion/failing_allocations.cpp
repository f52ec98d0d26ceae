// Preloaded into a test program (LD_PRELOAD): lets chosen allocations of the project's own libraries fail.
//
// An allocation counts when the first frame outside this library, libstdc++ and libc lies in one of the project's
// libraries, on whatever thread. Those of Python and the engine are left alone: how they fail is not the project's.
// Arrays of numpy and mappings of Python's mmap count where they are asked for: what Python code does then is the
// project's. Starting a thread counts as an allocation, because it needs memory, too.
#include <dlfcn.h>
#include <link.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unwind.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>

namespace {

enum class Owner : std::uint8_t {
  kProject,
  kArrays,  // numpy, and Python's mmap
  kThrough,
  kOther
};

struct Range {
  std::uintptr_t begin = 0;
  std::uintptr_t end = 0;
  Owner owner = Owner::kOther;
};

std::array<Range, 64> ranges;
std::size_t rangeCount = 0;
std::atomic<std::int64_t> seen{0};
std::atomic<std::int64_t> failing{0};  // 0: nothing is counted
std::atomic<std::int64_t> length{1};
std::atomic<std::int64_t> failed{0};
std::atomic<bool> arrays{false};  // those count, too
thread_local bool looking = false;

bool contains(const char* text, const char* part) { return std::strstr(text, part) != nullptr; }

int noteLibrary(dl_phdr_info* info, std::size_t /*size*/, void* /*data*/) {
  const char* const name = info->dlpi_name;
  Owner owner = Owner::kOther;
  if (contains(name, "/_core.") || contains(name, "/libdnn.so") || contains(name, "/libhbucp.so")) {
    owner = Owner::kProject;
  } else if (contains(name, "libstdc++") || contains(name, "libc.so") || contains(name, "libgcc_s") ||
             contains(name, "failing_allocations")) {
    owner = Owner::kThrough;
  } else if (contains(name, "/_multiarray_umath.") || contains(name, "/mmap.cpython")) {
    owner = Owner::kArrays;
  } else {
    return 0;
  }
  for (int i = 0; i < info->dlpi_phnum && rangeCount < ranges.size(); ++i) {
    const ElfW(Phdr) & part = info->dlpi_phdr[i];
    if (part.p_type == PT_LOAD && (part.p_flags & PF_X) != 0) {
      const std::uintptr_t begin = info->dlpi_addr + part.p_vaddr;
      ranges[rangeCount++] = {begin, begin + part.p_memsz, owner};
    }
  }
  return 0;
}

Owner ownerOf(const void* address) {
  const auto at = reinterpret_cast<std::uintptr_t>(address);
  for (std::size_t i = 0; i < rangeCount; ++i) {
    if (at >= ranges[i].begin && at < ranges[i].end) {
      return ranges[i].owner;
    }
  }
  return Owner::kOther;
}

// Who asks for memory: the first frame that is not one of those that pass it on. No further one is looked for, which
// would take most of the time.
Owner asking() {
  struct Search {
    Owner found = Owner::kOther;
    int left = 24;
  } search;
  _Unwind_Backtrace(
      [](_Unwind_Context* frame, void* data) {
        Search& search = *static_cast<Search*>(data);
        const Owner owner = ownerOf(reinterpret_cast<const void*>(_Unwind_GetIP(frame)));
        if (owner == Owner::kThrough && --search.left > 0) {
          return _URC_NO_REASON;
        }
        search.found = owner == Owner::kThrough ? Owner::kOther : owner;
        return _URC_END_OF_STACK;
      },
      &search);
  return search.found;
}

// True if the allocation that is asked for now is the one to fail. The project's own count where they ask C++ or the
// kernel for memory, those for arrays where they ask C or the kernel.
bool fails(bool project, bool forArrays) {
  const std::int64_t first = failing.load(std::memory_order_relaxed);
  if (first == 0 || looking || (!project && !arrays.load(std::memory_order_relaxed))) {
    return false;
  }
  looking = true;
  const Owner owner = asking();
  looking = false;
  if (!(project && owner == Owner::kProject) && !(forArrays && arrays.load() && owner == Owner::kArrays)) {
    return false;
  }
  const std::int64_t number = seen.fetch_add(1) + 1;
  if (number < first || number >= first + length.load()) {
    return false;
  }
  failed.fetch_add(1);
  return true;
}

// What the library behind this one has under that name: libstdc++, libc, or a sanitizer, which frees what it gave
// itself.
template <class Function>
Function next(const char* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

}  // namespace

extern "C" {

// From the arrays of numpy and the mappings of Python's mmap on, too: 1; not any more: 0.
[[gnu::visibility("default")]] void failArrays(int also) { arrays.store(also != 0); }

// Lets the allocations first, first + 1, ... of those that follow fail, `count` of them; 0: none.
[[gnu::visibility("default")]] void failAllocations(std::int64_t first, std::int64_t count) {
  failing.store(0);
  rangeCount = 0;
  dl_iterate_phdr(&noteLibrary, nullptr);
  seen.store(0);
  failed.store(0);
  length.store(count);
  failing.store(first);
}

// How many of those that were counted since then failed.
[[gnu::visibility("default")]] std::int64_t failedAllocations() { return failed.load(); }

[[gnu::visibility("default")]] void* mmap(void* address, std::size_t size, int protection, int flags, int file,
                                          off_t offset) {
  static const auto real = next<decltype(&::mmap)>("mmap");
  if (fails(true, true)) {
    errno = ENOMEM;
    return MAP_FAILED;
  }
  return real(address, size, protection, flags, file, offset);
}
[[gnu::visibility("default")]] void* mmap64(void* address, std::size_t size, int protection, int flags, int file,
                                            off64_t offset) {
  return mmap(address, size, protection, flags, file, offset);
}

// Memory that was only reserved before needs some now.
[[gnu::visibility("default")]] int mprotect(void* address, std::size_t size, int protection) noexcept {
  static const auto real = next<int (*)(void*, std::size_t, int)>("mprotect");
  if ((protection & PROT_WRITE) != 0 && fails(true, false)) {
    errno = ENOMEM;
    return -1;
  }
  return real(address, size, protection);
}

[[gnu::visibility("default")]] void* malloc(std::size_t size) {
  static const auto real = next<void* (*)(std::size_t)>("malloc");
  return fails(false, true) ? nullptr : real(size);
}
[[gnu::visibility("default")]] void* calloc(std::size_t count, std::size_t size) {
  static const auto real = next<void* (*)(std::size_t, std::size_t)>("calloc");
  return fails(false, true) ? nullptr : real(count, size);
}
[[gnu::visibility("default")]] void* realloc(void* memory, std::size_t size) {
  static const auto real = next<void* (*)(void*, std::size_t)>("realloc");
  return fails(false, true) ? nullptr : real(memory, size);
}

[[gnu::visibility("default")]] int pthread_create(pthread_t* thread, const pthread_attr_t* attributes,
                                                  void* (*body)(void*), void* argument) {
  static const auto real = next<decltype(&::pthread_create)>("pthread_create");
  return fails(true, false) ? EAGAIN : real(thread, attributes, body, argument);
}

}  // extern "C"

// NOLINTBEGIN(misc-new-delete-overloads): the libraries behind this one have operator delete
[[gnu::visibility("default")]] void* operator new(std::size_t size) {
  static const auto real = next<void* (*)(std::size_t)>("_Znwm");
  return fails(true, false) ? throw std::bad_alloc() : real(size);
}
[[gnu::visibility("default")]] void* operator new[](std::size_t size) {
  static const auto real = next<void* (*)(std::size_t)>("_Znam");
  return fails(true, false) ? throw std::bad_alloc() : real(size);
}
[[gnu::visibility("default")]] void* operator new(std::size_t size, std::align_val_t alignment) {
  static const auto real = next<void* (*)(std::size_t, std::align_val_t)>("_ZnwmSt11align_val_t");
  return fails(true, false) ? throw std::bad_alloc() : real(size, alignment);
}
[[gnu::visibility("default")]] void* operator new[](std::size_t size, std::align_val_t alignment) {
  static const auto real = next<void* (*)(std::size_t, std::align_val_t)>("_ZnamSt11align_val_t");
  return fails(true, false) ? throw std::bad_alloc() : real(size, alignment);
}
[[gnu::visibility("default")]] void* operator new(std::size_t size, const std::nothrow_t& tag) noexcept {
  static const auto real = next<void* (*)(std::size_t, const std::nothrow_t&)>("_ZnwmRKSt9nothrow_t");
  return fails(true, false) ? nullptr : real(size, tag);
}
[[gnu::visibility("default")]] void* operator new[](std::size_t size, const std::nothrow_t& tag) noexcept {
  static const auto real = next<void* (*)(std::size_t, const std::nothrow_t&)>("_ZnamRKSt9nothrow_t");
  return fails(true, false) ? nullptr : real(size, tag);
}
// NOLINTEND(misc-new-delete-overloads)
