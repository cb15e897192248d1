// The threads behind a DataLoader: order, bounds, errors, ends.
#include "frontend/data/Prefetch.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <thread>

namespace {

using mg::data::Piece;
using mg::data::Prefetcher;
using Numbers = std::vector<std::int64_t>;

Piece piece(std::int64_t n) { return std::make_shared<std::int64_t>(n); }

/// A different thread is the slowest at every piece.
Piece slowPiece(std::int64_t n) {
  std::this_thread::sleep_for(std::chrono::microseconds(n * 37 % 300));
  return piece(n);
}

Numbers takeAll(Prefetcher &prefetcher) {
  Numbers numbers;
  while (Piece p = prefetcher.next())
    numbers.push_back(*std::static_pointer_cast<std::int64_t>(p));
  return numbers;
}

Numbers upTo(std::int64_t from, std::int64_t end) {
  Numbers numbers;
  for (std::int64_t n = from; n < end; ++n)
    numbers.push_back(n);
  return numbers;
}

/// Threads of this process, by the system's count; those that ended may take a
/// moment to go. A sanitizer starts one of its own beside a program's first.
std::ptrdiff_t threadCount() {
  [[maybe_unused]] static const bool started = [] {
    std::thread([] {}).join();
    return true;
  }();
  return std::distance(std::filesystem::directory_iterator("/proc/self/task"),
                       std::filesystem::directory_iterator());
}
bool threadsComeDownTo(std::ptrdiff_t count) {
  for (int i = 0; i < 2000 && threadCount() > count; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  return threadCount() <= count;
}

/// An event that threads wait for.
class Gate {
public:
  void open() {
    const std::lock_guard lock(mutex);
    isOpen = true;
    changed.notify_all();
  }
  void pass() {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return isOpen; });
  }

private:
  std::mutex mutex;
  std::condition_variable changed;
  bool isOpen = false;
};

TEST(Prefetch, OrderDoesNotDependOnWorkers) {
  for (int workers : {0, 1, 3, 7})
    for (std::int64_t ahead : {1, 2, 14}) {
      Prefetcher prefetcher({.workers = workers, .ahead = ahead});
      prefetcher.start(slowPiece, 0, 60);
      EXPECT_EQ(takeAll(prefetcher), upTo(0, 60)) << workers << " " << ahead;
    }
}

TEST(Prefetch, APassMayStartAnywhereAndThreadsMayStay) {
  const std::ptrdiff_t before = threadCount();
  for (bool persistent : {false, true}) {
    std::atomic<int> inits = 0;
    {
      Prefetcher prefetcher({.workers = 3,
                             .ahead = 5,
                             .init = [&](int) { ++inits; },
                             .persistent = persistent});
      for (std::int64_t from : {7, 0, 20, 19}) {
        prefetcher.start(slowPiece, from, 20);
        EXPECT_EQ(takeAll(prefetcher), upTo(from, 20));
        EXPECT_EQ(prefetcher.next(), nullptr);
      }
      EXPECT_TRUE(threadsComeDownTo(before + (persistent ? 3 : 0)));
    }
    // The pass of no pieces starts threads, too, and waits for their init
    // unless they are told to quit before.
    EXPECT_LE(inits, persistent ? 3 : 12);
    EXPECT_TRUE(threadsComeDownTo(before));
  }
}

TEST(Prefetch, NoMoreThanAheadAreMadeUntaken) {
  constexpr std::int64_t ahead = 6;
  std::atomic<std::int64_t> begun = 0, taken = 0, most = 0;
  Prefetcher prefetcher({.workers = 3, .ahead = ahead});
  prefetcher.start(
      [&](std::int64_t n) {
        const std::int64_t open = ++begun - taken;
        for (std::int64_t old = most; old < open;)
          if (most.compare_exchange_weak(old, open))
            break;
        return piece(n);
      },
      0, 200);
  for (int i = 0; i < 50; ++i) {
    // Nobody takes: they run as far as they may, and no further.
    for (int j = 0; j < 2000 && begun < taken + ahead; ++j)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    EXPECT_EQ(begun, taken + ahead);
    // (Counted before, since a thread may begin before next() has returned.)
    ++taken;
    EXPECT_NE(prefetcher.next(), nullptr);
  }
  EXPECT_LE(most, ahead);
}

TEST(Prefetch, AnErrorComesInItsPlaceAndEndsThePass) {
  const std::ptrdiff_t before = threadCount();
  for (int workers : {0, 1, 3, 7}) {
    Prefetcher prefetcher({.workers = workers, .ahead = 8});
    prefetcher.start(
        [](std::int64_t n) {
          if (n >= 5)
            throw std::runtime_error("piece " + std::to_string(n));
          return slowPiece(n);
        },
        0, 100);
    Numbers numbers;
    try {
      for (;;)
        numbers.push_back(
            *std::static_pointer_cast<std::int64_t>(prefetcher.next()));
    } catch (const std::runtime_error &error) {
      EXPECT_STREQ(error.what(), "piece 5");
    }
    EXPECT_EQ(numbers, upTo(0, 5));
    EXPECT_TRUE(threadsComeDownTo(before));
    EXPECT_EQ(prefetcher.next(), nullptr);
    prefetcher.start(piece, 0, 3);
    EXPECT_EQ(takeAll(prefetcher), upTo(0, 3));
  }
}

TEST(Prefetch, AnErrorOfInitComesToo) {
  Prefetcher prefetcher(
      {.workers = 2,
       .ahead = 4,
       .init = [](int worker) { throw std::out_of_range("no camera"); },
       .persistent = true});
  for (int pass = 0; pass < 2; ++pass) {
    prefetcher.start(piece, 0, 10);
    EXPECT_THROW(takeAll(prefetcher), std::out_of_range);
  }
}

TEST(Prefetch, LeavingEarlyStopsTheThreads) {
  const std::ptrdiff_t before = threadCount();
  for (bool persistent : {false, true})
    for (int leaveAt : {0, 1, 9}) {
      std::atomic<int> inside = 0;
      Prefetcher prefetcher(
          {.workers = 4, .ahead = 8, .persistent = persistent});
      for (int pass = 0; pass < 20; ++pass) {
        prefetcher.start(
            [&](std::int64_t n) {
              ++inside;
              Piece p = slowPiece(n);
              --inside;
              return p;
            },
            0, 1000000);
        for (int i = 0; i < leaveAt; ++i)
          EXPECT_NE(prefetcher.next(), nullptr);
        prefetcher.stop();
        EXPECT_EQ(inside, 0);
      }
    }
  EXPECT_TRUE(threadsComeDownTo(before));
}

TEST(Prefetch, PiecesThatNobodyTookAreFreed) {
  auto token = std::make_shared<int>();
  Prefetcher prefetcher({.workers = 3, .ahead = 6, .persistent = true});
  prefetcher.start([token](std::int64_t) { return token; }, 0, 100);
  EXPECT_NE(prefetcher.next(), nullptr);
  prefetcher.stop();
  EXPECT_EQ(token.use_count(), 1);
}

TEST(Prefetch, ATimeoutLeavesAStuckThreadBehind) {
  const std::ptrdiff_t before = threadCount();
  auto gate = std::make_shared<Gate>();
  {
    Prefetcher prefetcher({.workers = 2, .ahead = 4, .timeout = 0.05});
    prefetcher.start(
        [gate](std::int64_t n) {
          if (n == 2)
            gate->pass();
          return piece(n);
        },
        0, 10);
    EXPECT_NE(prefetcher.next(), nullptr);
    EXPECT_NE(prefetcher.next(), nullptr);
    EXPECT_THROW(prefetcher.next(), mg::data::TimedOut);
    EXPECT_EQ(prefetcher.next(), nullptr);
    prefetcher.start(piece, 0, 3);
    EXPECT_EQ(takeAll(prefetcher), upTo(0, 3));
  }
  gate->open();
  EXPECT_TRUE(threadsComeDownTo(before));
}

} // namespace
