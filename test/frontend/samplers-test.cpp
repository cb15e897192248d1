// Samplers: which samples, how often, in which order.
#include "dsl-check.h"

#include <algorithm>
#include <map>
#include <set>

namespace {

using namespace mg::data;

Indices sorted(Indices indices) {
  std::sort(indices.begin(), indices.end());
  return indices;
}

TEST(Samplers, AShuffledEpochIsAPermutationOfItsOwn) {
  const Indices all = SequentialSampler{100}(3);
  EXPECT_EQ(all.front(), 0);
  EXPECT_EQ(all.back(), 99);
  std::set<Indices> orders{all};
  for (std::uint64_t seed : {0, 1})
    for (std::uint64_t epoch : {0, 1, 2}) {
      const RandomSampler sampler(100, {.seed = seed});
      EXPECT_EQ(sampler(epoch), sampler(epoch));
      EXPECT_EQ(sorted(sampler(epoch)), all);
      orders.insert(sampler(epoch));
    }
  EXPECT_EQ(orders.size(), 7u);
  // Keys are seeds, too.
  const mg::Key key(5);
  EXPECT_EQ(RandomSampler(100, {.seed = key})(0),
            RandomSampler(100, {.seed = mg::Key(5)})(0));
  EXPECT_NE(RandomSampler(100, {.seed = key.fold(1)})(0),
            RandomSampler(100, {.seed = key.fold(2)})(0));
}

TEST(Samplers, EveryPermutationIsEquallyLikely) {
  std::map<Indices, int> counts;
  const RandomSampler sampler(4, {.seed = 7});
  for (std::uint64_t epoch = 0; epoch < 24 * 400; ++epoch)
    ++counts[sampler(epoch)];
  ASSERT_EQ(counts.size(), 24u);
  double chi2 = 0;
  for (const auto &[order, count] : counts)
    chi2 += (count - 400.) * (count - 400.) / 400;
  EXPECT_LT(chi2, 56); // 23 degrees of freedom: more in 1 of 7,000 seeds
}

TEST(Samplers, MoreThanThereAreComesInRounds) {
  const Indices order = RandomSampler(10, {.num_samples = 25})(0);
  ASSERT_EQ(order.size(), 25u);
  for (int round : {0, 1})
    EXPECT_EQ(
        sorted({order.begin() + 10 * round, order.begin() + 10 * round + 10}),
        SequentialSampler{10}(0));
  const Indices drawn =
      RandomSampler(10, {.replacement = true, .num_samples = 10000})(0);
  for (std::int64_t i = 0; i < 10; ++i)
    EXPECT_NEAR(std::count(drawn.begin(), drawn.end(), i), 1000, 150);
  EXPECT_TRUE(RandomSampler(0)(0).empty());
  EXPECT_TRUE(has(error_of([] { RandomSampler(0, {.num_samples = 3}); }),
                  "samplers-test.cpp"));
}

TEST(Samplers, WeightsAreFrequencies) {
  const Indices order = WeightedRandomSampler({0, 1, 3, 0}, 8000)(0);
  ASSERT_EQ(order.size(), 8000u);
  EXPECT_EQ(std::count(order.begin(), order.end(), 0), 0);
  EXPECT_EQ(std::count(order.begin(), order.end(), 3), 0);
  EXPECT_NEAR(std::count(order.begin(), order.end(), 1), 2000, 200);
  // Without replacement: nothing twice; the first one by its weight.
  const WeightedRandomSampler once({0, 1, 3}, 2, {.replacement = false});
  int first = 0;
  for (std::uint64_t epoch = 0; epoch < 4000; ++epoch) {
    const Indices both = once(epoch);
    EXPECT_EQ(sorted(both), (Indices{1, 2}));
    first += both[0] == 1;
  }
  EXPECT_NEAR(first, 1000, 150);
  EXPECT_TRUE(has(error_of([] {
                    WeightedRandomSampler({0, 1}, 2, {.replacement = false});
                  }),
                  "only 1 weights are positive"));
  EXPECT_TRUE(has(error_of([] { WeightedRandomSampler({1, -1}, 2); }),
                  "weight 1 is -1"));
  EXPECT_TRUE(has(error_of([] { WeightedRandomSampler({0}, 2); }),
                  "no weight is positive"));
}

TEST(Samplers, BatchesKeepOrDropTheRest) {
  const BatchSampler keep(SequentialSampler{5}, 2);
  EXPECT_EQ(keep(0), (std::vector<Indices>{{0, 1}, {2, 3}, {4}}));
  const BatchSampler drop(SequentialSampler{5}, 2, true);
  EXPECT_EQ(drop(0), (std::vector<Indices>{{0, 1}, {2, 3}}));
  EXPECT_TRUE(has(error_of([] { BatchSampler(SequentialSampler{5}, 0); }),
                  "batch_size is 0"));
}

} // namespace
