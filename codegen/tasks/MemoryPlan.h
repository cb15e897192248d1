//===- MemoryPlan.h - where temporaries lie in the workspace --------------===//
//
// The problem. A function has n buffers; buffer i needs `bytes` from time
// `begin` to time `end`, both included. Find an offset for each so that no two
// that live at the same time share a byte, and the highest byte used (the
// arena's size) is small. Times are positions in the function's text, so a
// buffer's life is a rectangle in the plane (time, address) that may slide up
// and down but not sideways:
//
//     address
//       ^   +---------+
//       |   |    b    |   +-----+
//       |   +-----+---+---+  d  |      a, c and d never live together with
//       |   |  a  |  |  c |     |      what lies above or below them at the
//       +---+-----+--+----+-----+-> time    same time
//
// Finding the best plan is NP-hard (dynamic storage allocation). What works in
// practice is greedy placement at the lowest offset that is free for the whole
// life, and what matters is the order: big buffers first leaves small ones to
// fill gaps; long-lived first keeps the ground floor stable; in order of time
// is what a stack would do and is best for chains. No order wins always, and
// placing is cheap, so all are tried and the smallest arena is taken. The
// lower bound is the largest sum of bytes alive at one time (`peakBytes`):
// where the arena reaches it, the plan is optimal, and no further order is
// tried.
//
// Why not by graph colouring or an ILP: sizes differ by factors of a thousand,
// so colours say little; and a solver would take seconds where this takes
// milliseconds, for a few per cent.
//
//===----------------------------------------------------------------------===//
#ifndef MG_CODEGEN_TASKS_MEMORYPLAN_H
#define MG_CODEGEN_TASKS_MEMORYPLAN_H

#include "llvm/ADT/ArrayRef.h"

#include <cstdint>
#include <vector>

namespace mg::codegen {

struct BufferLife {
  uint64_t bytes = 0;
  /// First and last moment at which the contents matter.
  uint64_t begin = 0, end = 0;
};

struct MemoryPlan {
  /// Per buffer, a multiple of the alignment.
  std::vector<uint64_t> offsets;
  /// Bytes of the arena, a multiple of the alignment.
  uint64_t bytes = 0;
};

/// The largest sum of (rounded) bytes alive at one moment: no plan is smaller.
uint64_t peakBytes(llvm::ArrayRef<BufferLife> buffers, uint64_t alignment);

/// Every buffer at a multiple of `alignment`; deterministic.
MemoryPlan planMemory(llvm::ArrayRef<BufferLife> buffers,
                      uint64_t alignment = 64);

} // namespace mg::codegen

#endif // MG_CODEGEN_TASKS_MEMORYPLAN_H
