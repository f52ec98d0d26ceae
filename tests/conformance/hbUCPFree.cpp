#include <array>
#include <cstdint>

#include "ucp_support.hpp"

using ucp::Block;
using ucp::live;

TEST(a_block_is_found_by_its_address_whatever_the_size_says) {
  for (const std::uint64_t size : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1} << 40}) {
    for (const ucp::Allocate allocate : {hbUCPMalloc, hbUCPMallocCached}) {
      const std::int64_t before = live().allocations;
      hbUCPSysMem mem{};
      CHECK_EQ(allocate(&mem, 5000, 0), HB_UCP_SUCCESS);
      mem.memSize = size;
      CHECK_EQ(hbUCPFree(&mem), HB_UCP_SUCCESS);
      CHECK_EQ(live().allocations, before);
    }
  }
}

TEST(memory_can_be_freed_by_another_thread_in_any_order) {
  std::array<hbUCPSysMem, 5> blocks{};
  for (hbUCPSysMem& mem : blocks) {
    CHECK_EQ(hbUCPMallocCached(&mem, 100, 0), HB_UCP_SUCCESS);
  }
  for (const std::size_t i : {3, 0, 4, 1, 2}) {
    CHECK_EQ(hbUCPFree(&blocks[i]), HB_UCP_SUCCESS);
  }
}

TEST(what_is_no_live_block_is_refused) {
  ucp::onlyOnBpusim();
  int local = 0;
  Block block(200000);
  const bpusimLive before = live();
  Block gone(64);
  hbUCPSysMem freed = gone.mem;
  CHECK_EQ(gone.free(), HB_UCP_SUCCESS);
  hbUCPSysMem window = block.window(65536, 100);
  hbUCPSysMem foreign{1, &local, sizeof local};
  hbUCPSysMem odd{block.mem.phyAddr, block.bytes() + 1, 8};
  hbUCPSysMem empty{};
  for (hbUCPSysMem* mem : {&freed, &window, &foreign, &odd, &empty}) {
    const hbUCPSysMem given = *mem;
    CHECK_EQ(hbUCPFree(mem), HB_UCP_MEM_FREE_FAIL);
    CHECK(mem->virAddr == given.virAddr && mem->phyAddr == given.phyAddr && mem->memSize == given.memSize);
  }
  CHECK_EQ(hbUCPFree(nullptr), HB_UCP_INVALID_ARGUMENT);
  CHECK_EQ(live().allocations, before.allocations);
  CHECK_EQ(live().allocatedBytes, before.allocatedBytes);
  block.bytes()[199999] = 1;
}
