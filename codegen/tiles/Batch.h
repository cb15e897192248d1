//===- Batch.h - many independent loops in one launch ---------------------===//
//
// An optimizer updates a hundred tensors, from a bias of ten elements to a
// matrix of millions, each by the same few operations. A loop and a launch per
// tensor would be a hundred copies of the same code, and threads would meet a
// hundred times, mostly for nothing. So loops of one kind are one loop:
//
//   table[i] = addresses of the operands of member i, its length
//
//        member 0      1   2            3
//      |-----------|------|--|----------------------|      one line of elements
//      |    chunk 0     |    chunk 1     |   chunk 2  |    cut into equal
//      chunks
//
//   forall chunk: for each member whose part of the line meets the chunk:
//     the body, over what they have in common
//
// Two members are of one kind when their bodies and their steps through memory
// are equal; lengths, buffers and places in them differ. An operand that is the
// same for all of them (a learning rate) is no column of the table. Members
// that are like no other share the launch, each as one task.
//
// Chunks end at multiples of `unit` elements of the line, and at no element's
// value: nothing is summed here, so any cut gives the same bits.
//
//===----------------------------------------------------------------------===//
#ifndef MG_CODEGEN_TILES_BATCH_H
#define MG_CODEGEN_TILES_BATCH_H

#include "codegen/nests/LoopNest.h"

#include "mlir/IR/Builders.h"

namespace mg::codegen {

/// Emits what it can of `nests` (simplified, in order) at the builder's place
/// as one launch. Returns the others, to be emitted after it in order: all of
/// them where they may touch each other's results.
llvm::SmallVector<LoopNest, 0> emitBatch(mlir::OpBuilder &b,
                                         llvm::ArrayRef<LoopNest> nests,
                                         int64_t lanes, int64_t grain);

} // namespace mg::codegen

#endif // MG_CODEGEN_TILES_BATCH_H
