// hbUCPMalloc and hbUCPMallocCached keep the same promises; each of their files runs these on its function.
#pragma once

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>
#include <thread>
#include <vector>

#include "ucp_support.hpp"

namespace ucp {

constexpr std::uint64_t kAlignment = 64 * 1024;

inline void fillsAllFields(Allocate allocate) {
  for (const std::uint64_t size : {1, 384, 4096, 65536, 65537, 5000000}) {
    hbUCPSysMem mem;
    std::memset(&mem, 0xa5, sizeof mem);
    CHECK_EQ(allocate(&mem, size, 0), HB_UCP_SUCCESS);
    CHECK(mem.virAddr != nullptr && mem.phyAddr != 0);
    CHECK_EQ(mem.memSize, size);
    CHECK_EQ(reinterpret_cast<std::uintptr_t>(mem.virAddr) % kAlignment, std::uint64_t{0});
    CHECK_EQ(mem.phyAddr % kAlignment, std::uint64_t{0});
    std::memset(mem.virAddr, 0x5a, size);
    CHECK_EQ(hbUCPFree(&mem), HB_UCP_SUCCESS);
  }
}

inline void blocksDoNotOverlap(Allocate allocate) {
  std::vector<Block> blocks;
  for (std::uint64_t i = 0; i < 50; ++i) {
    blocks.emplace_back(1 + i * 3000, allocate);
  }
  const auto virtualBegin = [](const Block& block) { return reinterpret_cast<std::uintptr_t>(block.mem.virAddr); };
  const auto physicalBegin = [](const Block& block) { return block.mem.phyAddr; };
  const auto overlaps = [&](const Block& a, const Block& b, auto begin) {
    return begin(a) < begin(b) + b.mem.memSize && begin(b) < begin(a) + a.mem.memSize;
  };
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      CHECK(!overlaps(blocks[i], blocks[j], virtualBegin));
      CHECK(!overlaps(blocks[i], blocks[j], physicalBegin));
    }
  }
}

inline void freshMemoryIsZero(Allocate allocate) {
  onlyOnBpusim();
  for (int round = 0; round < 3; ++round) {
    const Block block(100000, allocate);
    CHECK(std::all_of(block.bytes(), block.bytes() + block.mem.memSize, [](std::uint8_t byte) { return byte == 0; }));
    std::memset(block.bytes(), 0xff, block.mem.memSize);
  }
}

inline void physicalAddressesAreNeverUsedTwice(Allocate allocate) {
  onlyOnBpusim();
  std::uint64_t last = 0;
  for (int round = 0; round < 50; ++round) {
    const Block block(100, allocate);
    CHECK(block.mem.phyAddr > last);
    last = block.mem.phyAddr;
  }
}

// The system's answer to an address that it would kill a program for.
inline bool isAccessible(const std::uint8_t* address) {
  int ends[2];
  CHECK_EQ(pipe(ends), 0);
  const bool read = write(ends[1], address, 1) == 1;
  CHECK(read || errno == EFAULT);
  close(ends[0]);
  close(ends[1]);
  return read;
}

inline void runningPastABlockIsNoticed(Allocate allocate) {
  onlyOnBpusim();
  for (const std::uint64_t size : {std::uint64_t{1}, kAlignment, 3 * kAlignment - 7}) {
    const Block block(size, allocate);
    const std::uint8_t* const gap = block.bytes() + (size + kAlignment - 1) / kAlignment * kAlignment;
    CHECK(isAccessible(block.bytes()) && isAccessible(gap - 1));
    CHECK(!isAccessible(gap) && !isAccessible(gap + kAlignment - 1));
  }
}

inline void mistakesAreRefused(Allocate allocate) {
  onlyOnBpusim();
  struct Case {
    std::uint64_t size;
    std::int32_t device;
    std::int32_t status;
  };
  constexpr std::uint64_t kLargest = std::numeric_limits<std::uint64_t>::max();
  const bpusimLive before = live();
  for (const Case& each : {Case{0, 0, HB_UCP_INVALID_ARGUMENT},
                           {64, 1, HB_UCP_INVALID_ARGUMENT},
                           {64, -1, HB_UCP_INVALID_ARGUMENT},
                           {kLargest, 0, HB_UCP_MEM_ALLOC_FAIL},
                           {kLargest - 65535, 0, HB_UCP_MEM_ALLOC_FAIL},
                           {kLargest / 2, 0, HB_UCP_MEM_ALLOC_FAIL},
                           {std::uint64_t{1} << 50, 0, HB_UCP_MEM_ALLOC_FAIL}}) {
    hbUCPSysMem mem{7, &mem, 9};
    CHECK_EQ(allocate(&mem, each.size, each.device), each.status);
    CHECK(mem.phyAddr == 7 && mem.virAddr == &mem && mem.memSize == 9);
  }
  CHECK_EQ(allocate(nullptr, 64, 0), HB_UCP_INVALID_ARGUMENT);
  CHECK_EQ(live().allocations, before.allocations);
  CHECK_EQ(live().allocatedBytes, before.allocatedBytes);
}

// Untouched memory costs nothing, so this asks for much.
inline void blocksTogetherAreNoLargerThanTheMachine(Allocate allocate) {
  onlyOnBpusim();
  const auto machine =
      static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  hbUCPSysMem first{};
  if (allocate(&first, machine / 10 * 6, 0) != HB_UCP_SUCCESS) {
    SKIP("the system does not lend memory that it may not have");
  }
  hbUCPSysMem second{};
  const std::int32_t status = allocate(&second, machine / 10 * 6, 0);
  CHECK_EQ(hbUCPFree(&first), HB_UCP_SUCCESS);
  CHECK_EQ(status, HB_UCP_MEM_ALLOC_FAIL);
  CHECK_EQ(allocate(&first, machine / 10 * 6, 0), HB_UCP_SUCCESS);
  CHECK_EQ(hbUCPFree(&first), HB_UCP_SUCCESS);
}

inline void manyThreadsMayAllocate(Allocate allocate) {
  const bpusimLive before = live();
  std::vector<std::thread> threads;
  std::vector<int> wrong(8, 0);
  for (std::size_t i = 0; i < wrong.size(); ++i) {
    threads.emplace_back([&, i] {
      for (std::uint64_t round = 0; round < 200; ++round) {
        hbUCPSysMem mem{};
        const std::uint64_t size = 1 + round * 97;
        wrong[i] += allocate(&mem, size, 0) != HB_UCP_SUCCESS;
        std::memset(mem.virAddr, static_cast<int>(i), size);
        wrong[i] += hbUCPMemFlush(&mem, HB_SYS_MEM_CACHE_CLEAN) != HB_UCP_SUCCESS;
        const auto* bytes = static_cast<const std::uint8_t*>(mem.virAddr);
        wrong[i] += !std::all_of(bytes, bytes + size, [&](std::uint8_t byte) { return byte == i; });
        wrong[i] += hbUCPFree(&mem) != HB_UCP_SUCCESS;
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  for (const int count : wrong) {
    CHECK_EQ(count, 0);
  }
  CHECK_EQ(live().allocations, before.allocations);
  CHECK_EQ(live().allocatedBytes, before.allocatedBytes);
}

inline void liveBlocksAreCounted(Allocate allocate) {
  onlyOnBpusim();
  const bpusimLive before = live();
  {
    const Block first(1000, allocate);
    const Block second(24, allocate);
    CHECK_EQ(live().allocations, before.allocations + 2);
    CHECK_EQ(live().allocatedBytes, before.allocatedBytes + 1024);
  }
  CHECK_EQ(live().allocations, before.allocations);
  CHECK_EQ(live().allocationCalls, before.allocationCalls + 2);
}

}  // namespace ucp

#define ALLOCATION_TESTS(allocate)                                                                                 \
  TEST(it_fills_all_fields_of_aligned_usable_memory) { ucp::fillsAllFields(allocate); }                            \
  TEST(blocks_do_not_overlap) { ucp::blocksDoNotOverlap(allocate); }                                               \
  TEST(fresh_memory_is_zero) { ucp::freshMemoryIsZero(allocate); }                                                 \
  TEST(physical_addresses_are_never_used_twice) { ucp::physicalAddressesAreNeverUsedTwice(allocate); }             \
  TEST(running_past_a_block_is_noticed) { ucp::runningPastABlockIsNoticed(allocate); }                             \
  TEST(mistakes_are_refused_and_change_nothing) { ucp::mistakesAreRefused(allocate); }                             \
  TEST(blocks_together_are_no_larger_than_the_machine) { ucp::blocksTogetherAreNoLargerThanTheMachine(allocate); } \
  TEST(many_threads_may_allocate_and_free) { ucp::manyThreadsMayAllocate(allocate); }                              \
  TEST(live_blocks_are_counted) { ucp::liveBlocksAreCounted(allocate); }
