//===- RowBlocks.h - a contraction and the kernel of its rows, in turns ---===//
//
// A norm of the rows that a contraction computes begins when all of them are
// there. Where they are more than the caches near a core hold, they come back
// from afar, one after the other:
//
//   c = a . b ; y = norm(c)   ->   for blocks of rows: c = a . b ; y = norm(c)
//
// What the contraction reads for every row, b, is read again for each block: b
// has to be near enough, and a block so many rows that it is worth its time.
// Rows do not know of each other, so no value changes.
//
//===----------------------------------------------------------------------===//
#ifndef MG_CODEGEN_ROWS_ROWBLOCKS_H
#define MG_CODEGEN_ROWS_ROWBLOCKS_H

#include "codegen/nests/KernelGroup.h"
#include "codegen/nests/StartValues.h"

namespace mg::codegen {

/// Rows of a block for the kernel of a contraction and the one that runs next;
/// none where they are better, or only, run one after the other. The rows are
/// the first of each op's `mg.rows`.
std::optional<int64_t> chooseRowBlock(const KernelOps &product,
                                      const KernelOps &next,
                                      const StartValues &starts);

} // namespace mg::codegen

#endif // MG_CODEGEN_ROWS_ROWBLOCKS_H
