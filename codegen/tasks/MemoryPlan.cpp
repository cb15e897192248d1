//===- MemoryPlan.cpp - greedy placement, best of several orders ----------===//
#include "codegen/tasks/MemoryPlan.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/MathExtras.h"

#include <functional>
#include <map>
#include <numeric>

namespace mg::codegen {

using llvm::ArrayRef;

static bool overlap(const BufferLife &a, const BufferLife &b) {
  return a.begin <= b.end && b.begin <= a.end;
}

uint64_t peakBytes(ArrayRef<BufferLife> buffers, uint64_t alignment) {
  std::map<uint64_t, int64_t> change; // of the bytes alive, by time
  for (const BufferLife &buffer : buffers) {
    const int64_t bytes = llvm::alignTo(buffer.bytes, alignment);
    change[buffer.begin] += bytes;
    change[buffer.end + 1] -= bytes;
  }
  int64_t alive = 0, peak = 0;
  for (const auto &[time, bytes] : change)
    peak = std::max(peak, alive += bytes);
  return peak;
}

namespace {

/// Buffers with an offset, by offset.
class Arena {
public:
  Arena(ArrayRef<BufferLife> buffers, uint64_t alignment)
      : buffers(buffers), alignment(alignment), offsets(buffers.size()) {}

  /// At the lowest offset that is free from its begin to its end.
  void place(unsigned i) {
    const uint64_t bytes = llvm::alignTo(buffers[i].bytes, alignment);
    uint64_t offset = 0;
    for (unsigned other : placed) {
      if (!overlap(buffers[i], buffers[other]))
        continue;
      if (offset + bytes <= offsets[other])
        break;
      offset = std::max(offset, endOf(other));
    }
    offsets[i] = offset;
    placed.insert(llvm::upper_bound(placed, i,
                                    [&](unsigned a, unsigned b) {
                                      return offsets[a] < offsets[b];
                                    }),
                  i);
    top = std::max(top, offset + bytes);
  }

  MemoryPlan take() { return {std::move(offsets), top}; }

private:
  uint64_t endOf(unsigned i) const {
    return offsets[i] + llvm::alignTo(buffers[i].bytes, alignment);
  }

  ArrayRef<BufferLife> buffers;
  uint64_t alignment;
  std::vector<uint64_t> offsets;
  llvm::SmallVector<unsigned> placed;
  uint64_t top = 0;
};

/// What stands first is placed first.
using Priority = std::function<uint64_t(const BufferLife &)>;

MemoryPlan planInOrder(ArrayRef<BufferLife> buffers, uint64_t alignment,
                       const Priority &priority) {
  llvm::SmallVector<unsigned> order(buffers.size());
  std::iota(order.begin(), order.end(), 0);
  llvm::sort(order, [&](unsigned a, unsigned b) {
    return std::pair(priority(buffers[b]), a) <
           std::pair(priority(buffers[a]), b);
  });
  Arena arena(buffers, alignment);
  for (unsigned i : order)
    if (buffers[i].bytes > 0)
      arena.place(i);
  return arena.take();
}

} // namespace

MemoryPlan planMemory(ArrayRef<BufferLife> buffers, uint64_t alignment) {
  const auto length = [](const BufferLife &b) { return b.end - b.begin + 1; };
  const Priority orders[] = {
      [](const BufferLife &b) { return b.bytes; },
      [](const BufferLife &b) { return ~b.begin; },
      [&](const BufferLife &b) { return length(b); },
      [&](const BufferLife &b) {
        return llvm::SaturatingMultiply<uint64_t>(b.bytes, length(b));
      },
  };
  const uint64_t best = peakBytes(buffers, alignment);
  MemoryPlan plan;
  for (const Priority &order : orders) {
    MemoryPlan other = planInOrder(buffers, alignment, order);
    if (plan.offsets.empty() || other.bytes < plan.bytes)
      plan = std::move(other);
    if (plan.bytes <= best)
      break;
  }
  return plan;
}

} // namespace mg::codegen
