#include "frontend/eager/Memory.h"

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
/// Smaller blocks are malloc's business.
constexpr std::size_t large = std::size_t(256) << 10;
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

struct Free {
  void operator()(void *block) const { std::free(block); }
};
struct GiveBack {
  std::size_t bytes;
  void operator()(void *block) const { freeBlocks().give(block, bytes); }
};

} // namespace

std::shared_ptr<void> takeMemory(std::size_t bytes) {
  if (bytes < large) {
    void *block = std::aligned_alloc(alignment, roundUp(bytes + 1, alignment));
    if (!block)
      throw std::bad_alloc();
    return {block, Free{}};
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
  return {block, GiveBack{bytes}};
}

bool isTakenMemory(const std::shared_ptr<void> &memory) {
  return std::get_deleter<Free>(memory) || std::get_deleter<GiveBack>(memory);
}

} // namespace mg::eager
