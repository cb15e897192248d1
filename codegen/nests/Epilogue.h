//===- Epilogue.h - what follows a contraction, before it is stored -------===//
//
// A dot or convolution keeps a tile of its result in registers until its sums
// are complete. Elementwise ops over the same loops (a bias, an activation, a
// residual, a cast) run there:
//
//   c = a . b ; h = c + bias ; y = max(h, 0)
//     ->
//   for tiles: c in registers ; h, y computed from it ; h and y stored,
//              c only if someone else reads it
//
// The members of the kernel run interleaved then, tile by tile, so every pair
// of accesses is asked (BufferRegions.h): other memory, or the very same
// element? What one member wrote the next one gets from its register; what is
// written twice is stored once, and what no one outside reads has no memory.
//
// A light epilogue, or that of a small tile, is written out for each vector; a
// heavy one (an exponential is a polynomial) would be long code, so the tile
// goes through a small buffer and a loop; where the sums are along the lanes,
// and so come out one by one, it is no epilogue, but the next loop over their
// memory. No value changes by this: sums are complete, and multiplications and
// additions meet across members as they do in memory.
//
//===----------------------------------------------------------------------===//
#ifndef MG_CODEGEN_NESTS_EPILOGUE_H
#define MG_CODEGEN_NESTS_EPILOGUE_H

#include "codegen/nests/StartValues.h"

namespace mg::codegen {

/// Lets the nest of `contraction`, not simplified, compute `member` as well,
/// whose outputs start where `starts` says; false, and no change, where
/// `mg.rows` or the buffers do not allow it or it is not worth it.
bool appendEpilogue(LoopNest &nest, mlir::linalg::LinalgOp contraction,
                    mlir::linalg::LinalgOp member, const StartValues &starts);

/// Clears `stored` of what is written to memory of which all users are dead:
/// ops that the nest replaces.
void dropStores(LoopNest &nest,
                llvm::function_ref<bool(mlir::Operation *)> isDead);

} // namespace mg::codegen

#endif // MG_CODEGEN_NESTS_EPILOGUE_H
