// The planner against a brute-force check of every pair of buffers.
#include "codegen/tasks/MemoryPlan.h"

#include "gtest/gtest.h"

#include <random>

using namespace mg::codegen;

static void expectValid(const std::vector<BufferLife> &buffers,
                        const MemoryPlan &plan, uint64_t alignment) {
  ASSERT_EQ(plan.offsets.size(), buffers.size());
  for (size_t i = 0; i < buffers.size(); ++i) {
    EXPECT_EQ(plan.offsets[i] % alignment, 0u);
    EXPECT_LE(plan.offsets[i] + buffers[i].bytes, plan.bytes);
    for (size_t j = 0; j < i; ++j) {
      const bool together = buffers[i].begin <= buffers[j].end &&
                            buffers[j].begin <= buffers[i].end;
      const bool disjoint =
          plan.offsets[i] + buffers[i].bytes <= plan.offsets[j] ||
          plan.offsets[j] + buffers[j].bytes <= plan.offsets[i];
      if (together && buffers[i].bytes > 0 && buffers[j].bytes > 0)
        EXPECT_TRUE(disjoint) << "buffers " << j << " and " << i;
    }
  }
}

TEST(MemoryPlan, NothingNeedsNothing) {
  EXPECT_EQ(planMemory({}).bytes, 0u);
  const std::vector<BufferLife> empty = {{0, 0, 9}};
  EXPECT_EQ(planMemory(empty).bytes, 0u);
}

TEST(MemoryPlan, AChainNeedsTwoBuffers) {
  std::vector<BufferLife> chain;
  for (uint64_t i = 0; i < 1000; ++i)
    chain.push_back({4096, i, i + 1});
  const MemoryPlan plan = planMemory(chain);
  expectValid(chain, plan, 64);
  EXPECT_EQ(plan.bytes, 2 * 4096u);
}

TEST(MemoryPlan, SizesAreRoundedUp) {
  const std::vector<BufferLife> two = {{1, 0, 1}, {65, 1, 2}};
  EXPECT_EQ(planMemory(two).bytes, 64u + 128u);
}

TEST(MemoryPlan, SmallBuffersFillTheGap) {
  // The big one ends before the small ones begin.
  const std::vector<BufferLife> buffers = {
      {1024, 0, 3}, {256, 4, 6}, {256, 4, 6}, {512, 4, 6}};
  EXPECT_EQ(planMemory(buffers).bytes, 1024u);
}

TEST(MemoryPlan, RandomLivesNeverOverlap) {
  std::mt19937 random(7);
  for (int round = 0; round < 300; ++round) {
    std::vector<BufferLife> buffers(random() % 60);
    for (BufferLife &buffer : buffers) {
      buffer.begin = random() % 100;
      buffer.end = buffer.begin + random() % 20;
      buffer.bytes = random() % 5 ? random() % 10000 : 0;
    }
    const MemoryPlan plan = planMemory(buffers);
    expectValid(buffers, plan, 64);
    EXPECT_GE(plan.bytes, peakBytes(buffers, 64));
    // Greedy is far from the worst: one after the other.
    EXPECT_LE(plan.bytes, 2 * peakBytes(buffers, 64) + 64);
  }
}
