#include "frontend/eager/Memory.h"

#include <array>
#include <atomic>
#include <cstdlib>
#include <mutex>
#include <new>
#include <sys/mman.h>
#include <unordered_map>
#include <vector>

namespace mg::eager {

namespace {

constexpr std::size_t alignment = 64;
constexpr std::size_t hugePage = std::size_t(2) << 20;
/// Blocks of less are malloc's business, but for those below `small`.
constexpr std::size_t large = std::size_t(256) << 10;
/// Each thread keeps some of these: an aligned block costs malloc a split and a
/// merge, ten times what a small op costs.
constexpr std::size_t small = std::size_t(4) << 10;
constexpr std::size_t smallBlocks = 16;
/// What is kept for later, at most.
constexpr std::size_t keptLimit = std::size_t(1) << 30;

std::size_t roundUp(std::size_t n, std::size_t unit) {
  return (n + unit - 1) / unit * unit;
}

/// Free large blocks by size.
class FreeBlocks {
public:
  void *take(std::size_t bytes) {
    const std::lock_guard lock(mutex);
    auto found = blocks.find(bytes);
    if (found == blocks.end() || found->second.empty())
      return nullptr;
    void *block = found->second.back();
    found->second.pop_back();
    kept -= bytes;
    return block;
  }

  void give(void *block, std::size_t bytes) {
    {
      const std::lock_guard lock(mutex);
      if (kept + bytes <= keptLimit) {
        blocks[bytes].push_back(block);
        kept += bytes;
        return;
      }
    }
    std::free(block);
  }

private:
  std::mutex mutex;
  std::unordered_map<std::size_t, std::vector<void *>> blocks;
  std::size_t kept = 0;
};

/// Never destroyed: arrays in static variables outlive everything.
FreeBlocks &freeBlocks() {
  static FreeBlocks &blocks = *new FreeBlocks;
  return blocks;
}

/// The free small blocks of one thread, by size. Never destroyed, as it holds
/// no more than memory: arrays die later than any object of a thread.
class SmallBlocks {
public:
  void *take(std::size_t bytes) {
    Stack &stack = of(bytes);
    return stack.count ? stack.blocks[--stack.count] : nullptr;
  }
  void give(void *block, std::size_t bytes) {
    Stack &stack = of(bytes);
    if (isClosed || stack.count == smallBlocks)
      std::free(block);
    else
      stack.blocks[stack.count++] = block;
  }
  /// From now on the thread keeps nothing.
  void close() {
    isClosed = true;
    for (Stack &stack : stacks)
      while (stack.count)
        std::free(stack.blocks[--stack.count]);
  }

private:
  struct Stack {
    std::array<void *, smallBlocks> blocks;
    std::size_t count;
  };
  Stack &of(std::size_t bytes) { return stacks[bytes / alignment - 1]; }

  std::array<Stack, small / alignment> stacks;
  bool isClosed;
};

constinit thread_local SmallBlocks smallOfThread{};

SmallBlocks &smallBlocksOfThread() {
  struct AtExit {
    ~AtExit() { smallOfThread.close(); }
    /// Makes the object, and so its end, known to the thread.
    void touch() {}
  };
  thread_local AtExit atExit;
  atExit.touch();
  return smallOfThread;
}

/// Bytes taken less bytes given back since the count began, and their most.
std::atomic<bool> isCounting{false};
std::atomic<std::int64_t> counted{0}, mostCounted{0};

void count(std::int64_t bytes) {
  if (!isCounting.load(std::memory_order_relaxed))
    return;
  const std::int64_t now =
      counted.fetch_add(bytes, std::memory_order_relaxed) + bytes;
  std::int64_t most = mostCounted.load(std::memory_order_relaxed);
  while (most < now && !mostCounted.compare_exchange_weak(
                           most, now, std::memory_order_relaxed)) {
  }
}

struct Free {
  std::size_t bytes;
  void operator()(void *block) const {
    count(-static_cast<std::int64_t>(bytes));
    if (bytes <= small)
      smallBlocksOfThread().give(block, bytes);
    else
      std::free(block);
  }
};
struct GiveBack {
  std::size_t bytes;
  void operator()(void *block) const {
    count(-static_cast<std::int64_t>(bytes));
    freeBlocks().give(block, bytes);
  }
};

} // namespace

std::shared_ptr<void> takeMemory(std::size_t bytes) {
  if (bytes < large) {
    bytes = roundUp(bytes + 1, alignment);
    void *block = bytes <= small ? smallBlocksOfThread().take(bytes) : nullptr;
    if (!block)
      block = std::aligned_alloc(alignment, bytes);
    if (!block)
      throw std::bad_alloc();
    count(static_cast<std::int64_t>(bytes));
    return {block, Free{bytes}};
  }
  bytes = roundUp(bytes, large);
  void *block = freeBlocks().take(bytes);
  if (!block) {
    const std::size_t unit = bytes >= hugePage ? hugePage : alignment;
    block = std::aligned_alloc(unit, roundUp(bytes, unit));
    if (!block)
      throw std::bad_alloc();
    if (unit == hugePage) // a wish; without it the pages are small
      madvise(block, roundUp(bytes, unit), MADV_HUGEPAGE);
  }
  count(static_cast<std::int64_t>(bytes));
  return {block, GiveBack{bytes}};
}

void startCountingMemory() {
  counted = 0;
  mostCounted = 0;
  isCounting = true;
}

std::size_t stopCountingMemory() {
  isCounting = false;
  return static_cast<std::size_t>(mostCounted.load());
}

bool isTakenMemory(const std::shared_ptr<void> &memory) {
  return std::get_deleter<Free>(memory) || std::get_deleter<GiveBack>(memory);
}

} // namespace mg::eager
