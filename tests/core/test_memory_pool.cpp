// Device memory comes back to its pool and is used again.
#include <algorithm>
#include <limits>
#include <thread>
#include <vector>

#include "core/memory/memory_pool.hpp"
#include "null_model.hpp"

namespace {

testdriver::Control& control() { return testdriver::control(); }

std::shared_ptr<hbm::MemoryPool> makePool() { return std::make_shared<hbm::MemoryPool>(hbm::Driver::get()); }

std::int64_t allocations() { return control().calls[testdriver::k_hbUCPMallocCached]; }

}  // namespace

TEST(a_steady_loop_allocates_nothing) {
  const auto pool = makePool();
  const std::int64_t before = allocations();
  for (int round = 0; round < 100; ++round) {
    const auto input = pool->lease(1000);
    const auto output = pool->lease(64);
    CHECK(input->memory.memSize >= 1000);
  }
  CHECK_EQ(allocations() - before, 2);
}

TEST(a_block_is_not_wasted_on_something_much_smaller) {
  const auto pool = makePool();
  static_cast<void>(pool->lease(1 << 20));
  const auto small = pool->lease(64);
  CHECK_EQ(small->memory.memSize, 64U);
}

TEST(an_empty_tensor_gets_memory_too) { CHECK(makePool()->lease(0)->memory.virAddr != nullptr); }

TEST(ever_new_sizes_do_not_hoard_memory) {
  const auto pool = makePool();
  for (std::int64_t size = 1; size < 400; ++size) {
    static_cast<void>(pool->lease(size * 20000));
  }
  CHECK(control().liveBlocks <= 64);
}

TEST(free_memory_is_bounded_by_what_was_in_use) {
  const auto pool = makePool();
  for (std::int64_t size = 1 << 20; size < (1 << 22); size += 1 << 16) {
    static_cast<void>(pool->lease(size));
    CHECK(pool->usage().freeBytes <= 8 * size);
  }
}

TEST(ever_new_sizes_soon_find_room) {
  const auto pool = makePool();
  const std::int64_t before = allocations();
  for (std::int64_t size = 100000; size < 400000; size += 1000) {
    static_cast<void>(pool->lease(hbm::roomFor(size)));
  }
  CHECK(allocations() - before <= 20);
  for (const std::int64_t size : {std::int64_t{0}, std::int64_t{1}, std::int64_t{64}, std::int64_t{1000},
                                  std::int64_t{123456789}, std::numeric_limits<std::int64_t>::max()}) {
    CHECK(hbm::roomFor(size) >= size);
    CHECK(hbm::roomFor(size) <= std::max<std::int64_t>(64, size) + (size < (std::int64_t{1} << 60U) ? size / 8 : 0));
  }
}

TEST(adopted_memory_counts_as_leased_and_is_released_once) {
  static int released = 0;
  released = 0;
  char memory[100];
  auto pool = makePool();
  auto block = pool->adopt(memory, 100, [](void* owner) { *static_cast<int*>(owner) += 1; }, &released);
  CHECK(block->memory.virAddr == memory);
  CHECK_EQ(pool->usage().usedBytes, 100);
  pool->close();
  pool.reset();
  CHECK_EQ(released, 0);
  block.reset();
  CHECK_EQ(released, 1);
}

TEST(a_lease_outlives_its_pool_and_is_freed_in_the_end) {
  auto pool = makePool();
  auto kept = pool->lease(100);
  static_cast<void>(pool->lease(100));
  CHECK_EQ(control().liveBlocks.load(), 2);
  pool->close();
  pool.reset();
  CHECK_EQ(control().liveBlocks.load(), 1);
  kept.reset();
  CHECK_EQ(control().liveBlocks.load(), 0);
}

TEST(usage_tells_what_is_leased_and_what_lies_ready) {
  const auto pool = makePool();
  const auto kept = pool->lease(100);
  static_cast<void>(pool->lease(50000));
  CHECK_EQ(pool->usage().usedBytes, 100);
  CHECK_EQ(pool->usage().freeBytes, 50000);
}

TEST(a_failing_allocation_is_an_error_with_its_function_and_leaves_the_pool_usable) {
  const auto pool = makePool();
  control().failing = testdriver::k_hbUCPMallocCached;
  control().failStatus = HB_UCP_MEM_ALLOC_FAIL;
  control().failures = 1;
  const hbm::Error error = nullmodel::errorOf([&] { static_cast<void>(pool->lease(7)); });
  CHECK(error.kind() == hbm::ErrorKind::kOutOfResources);
  CHECK_EQ(error.context().function, std::string("hbUCPMallocCached"));
  CHECK_EQ(pool->usage().usedBytes, 0);
  CHECK(pool->lease(7) != nullptr);
}

TEST(a_failing_free_is_tried_once_more) {
  control().failing = testdriver::k_hbUCPFree;
  control().failures = 1;
  static_cast<void>(makePool()->lease(7));
  CHECK_EQ(control().liveBlocks.load(), 0);
}

TEST(many_threads_lease_at_once_and_never_the_same_block) {
  const auto pool = makePool();
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0};
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      for (int round = 0; round < 500; ++round) {
        const auto block = pool->lease(64);
        auto* value = static_cast<volatile int*>(block->memory.virAddr);
        *value = i;
        std::this_thread::yield();
        wrong += *value != i ? 1 : 0;
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  CHECK_EQ(wrong.load(), 0);
}
