// Threads: every index once, equal slices, callers that meet.
#include "minigrad/pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

namespace {

struct Destroy {
  void operator()(mg_pool *pool) const { mg_pool_destroy(pool); }
};
using Pool = std::unique_ptr<mg_pool, Destroy>;

Pool make_pool(size_t threads) { return Pool(mg_pool_create(threads)); }

template <class Function>
void parallel_for(mg_pool *pool, int64_t count, Function function) {
  mg_parallel_for(
      pool, [](void *f, int64_t i) { (*static_cast<Function *>(f))(i); },
      &function, count);
}

TEST(Pool, SizeIsWhatWasAskedFor) {
  EXPECT_EQ(mg_pool_threads(nullptr), 1u);
  EXPECT_GE(mg_pool_threads(make_pool(0).get()), 1u);
  for (size_t threads : {1, 2, 3, 8})
    EXPECT_EQ(mg_pool_threads(make_pool(threads).get()), threads);
  mg_pool_destroy(nullptr);
}

TEST(Pool, EveryIndexOnce) {
  for (size_t threads : {1, 2, 3, 5}) {
    const Pool pool = make_pool(threads);
    for (int64_t count : {-1, 0, 1, 2, 3, 4, 5, 7, 100, 1001}) {
      std::vector<std::atomic<int>> seen(count > 0 ? count : 0);
      parallel_for(pool.get(), count, [&](int64_t i) { ++seen.at(i); });
      for (auto &times : seen)
        EXPECT_EQ(times, 1);
    }
  }
}

TEST(Pool, NullRunsInOrder) {
  std::vector<int64_t> order;
  parallel_for(nullptr, 5, [&](int64_t i) { order.push_back(i); });
  EXPECT_EQ(order, (std::vector<int64_t>{0, 1, 2, 3, 4}));
}

// A slice is a run of neighbours on one thread; with 3 threads and 11 indices
// the slices are 0..2, 3..6, 7..10 (one thread may take two of them).
TEST(Pool, SlicesAreEqual) {
  const Pool pool = make_pool(3);
  for (int repeat = 0; repeat < 100; ++repeat) {
    std::vector<std::thread::id> owner(11);
    parallel_for(pool.get(), 11,
                 [&](int64_t i) { owner[i] = std::this_thread::get_id(); });
    for (int64_t i : {1, 2, 4, 5, 6, 8, 9, 10})
      EXPECT_EQ(owner[i], owner[i - 1]) << i;
  }
}

TEST(Pool, NestedCallsRunHere) {
  const Pool pool = make_pool(3);
  std::atomic<int> inner = 0;
  parallel_for(pool.get(), 6, [&](int64_t) {
    const auto self = std::this_thread::get_id();
    parallel_for(pool.get(), 10, [&](int64_t) {
      EXPECT_EQ(std::this_thread::get_id(), self);
      ++inner;
    });
  });
  EXPECT_EQ(inner, 60);
}

TEST(Pool, ConcurrentCallersWaitTheirTurn) {
  const Pool pool = make_pool(2);
  std::vector<std::thread> callers;
  std::atomic<int> wrong = 0;
  for (int c = 0; c < 8; ++c)
    callers.emplace_back([&] {
      for (int repeat = 0; repeat < 100; ++repeat) {
        std::vector<int> seen(50); // not atomic: TSan watches
        parallel_for(pool.get(), 50, [&](int64_t i) { ++seen[i]; });
        for (int times : seen)
          wrong += times != 1;
      }
    });
  for (std::thread &caller : callers)
    caller.join();
  EXPECT_EQ(wrong, 0);
}

} // namespace
