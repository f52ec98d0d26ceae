#include <cstdint>
#include <cstring>

#include "ucp_support.hpp"

using ucp::Block;

TEST(blocks_are_cleaned_and_invalidated_and_keep_their_content) {
  for (const ucp::Allocate allocate : {hbUCPMalloc, hbUCPMallocCached}) {
    const Block block(1000, allocate);
    std::memset(block.bytes(), 0x42, 1000);
    for (const std::int32_t flag : {HB_SYS_MEM_CACHE_CLEAN, HB_SYS_MEM_CACHE_INVALIDATE, HB_SYS_MEM_CACHE_CLEAN}) {
      CHECK_EQ(hbUCPMemFlush(&block.mem, flag), HB_UCP_SUCCESS);
    }
    CHECK(block.bytes()[0] == 0x42 && block.bytes()[999] == 0x42);
  }
}

TEST(windows_of_a_block_are_flushed) {
  const Block block(100000);
  struct Window {
    std::uint64_t offset;
    std::uint64_t size;
  };
  for (const Window& each : {Window{0, 1}, {64, 64}, {65536, 100}, {99936, 64}, {0, 100000}}) {
    const hbUCPSysMem window = block.window(each.offset, each.size);
    CHECK_EQ(hbUCPMemFlush(&window, HB_SYS_MEM_CACHE_CLEAN), HB_UCP_SUCCESS);
    CHECK_EQ(hbUCPMemFlush(&window, HB_SYS_MEM_CACHE_INVALIDATE), HB_UCP_SUCCESS);
  }
}

TEST(other_flags_are_refused) {
  ucp::onlyOnBpusim();
  const Block block(64);
  for (const std::int32_t flag : {0, 3, 4, -1, INT32_MAX, INT32_MIN}) {
    CHECK_EQ(hbUCPMemFlush(&block.mem, flag), HB_UCP_INVALID_ARGUMENT);
  }
}

TEST(what_does_not_lie_inside_a_live_block_is_refused) {
  ucp::onlyOnBpusim();
  const Block block(1000);
  int local = 0;
  Block gone(64);
  const hbUCPSysMem freed = gone.mem;
  CHECK_EQ(gone.free(), HB_UCP_SUCCESS);
  for (const hbUCPSysMem& mem :
       {freed, hbUCPSysMem{1, &local, sizeof local}, hbUCPSysMem{}, hbUCPSysMem{1, nullptr, 8}, block.window(0, 1001),
        block.window(1, 1000), block.window(1000, 1), block.window(500, UINT64_MAX), block.window(UINT64_MAX, 8)}) {
    CHECK_EQ(hbUCPMemFlush(&mem, HB_SYS_MEM_CACHE_CLEAN), HB_UCP_MEM_IS_INVALID);
  }
  CHECK_EQ(hbUCPMemFlush(nullptr, HB_SYS_MEM_CACHE_CLEAN), HB_UCP_INVALID_ARGUMENT);
}
