//===- ProducerPlan.h - Which ops are computed inside which loops -*- C++
//-*-===//
//
// A kernel is one linalg.generic (the root) with the producers that are
// computed inside its loops instead of in loops of their own. A producer is an
// op with parallel loops only and one result whose element (i, j, ..) is what
// the body yields at (i, j, ..). Inside a kernel it is wanted at `map(loops of
// the root)`: its placement. All uses of a value inside a kernel that agree on
// the map are one computation, so that x * sigmoid(x) is one kernel that
// computes x once.
//
// The laws:
//  1. A producer with arithmetic is never computed twice: it is fused only if
//     all its users want it in one kernel at one map, and only if the kernel's
//     loops make no more steps than its own.
//  2. A producer that only moves or casts elements (a view), or makes them of
//     little but the loops' indices (a mask), is fused into every user that can
//     take it, each its own way. It stays as well if anything else wants it as
//     a tensor.
//  3. A contraction takes views that permute or repeat dimensions: its operands
//     are read many times. Where a factor is used by few of its iterations, it
//     takes the factor's producers, too, if that is made of fewer bytes than it
//     has, all there from the start (a weight of 8 bits times its scale): only
//     then less memory is read. What is multiplied and added stays the product
//     of two factors.
//  4. No kernel reads more than a few dozen arrays, however long the chain is
//     that would fit into it: each wants a register for its address, and what
//     compilation takes grows faster than their number.
//
// One pass over the block in reverse decides: when an op is looked at, the
// placements of its users are known.
//
//===----------------------------------------------------------------------===//

#ifndef MG_PASSES_PRODUCERPLAN_H
#define MG_PASSES_PRODUCERPLAN_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace mlir::mg {

/// A producer inside a kernel; `map` leads from the root's loops to its own.
struct FusedOp {
  linalg::GenericOp op;
  AffineMap map;
};

struct FusedNest {
  linalg::GenericOp root;
  /// In program order, so that each comes after what it reads.
  SmallVector<FusedOp> producers;
};

/// The kernels of a block that fuse something, in program order. With
/// `viewsOnly` only views are fused: each op with arithmetic stays alone.
SmallVector<FusedNest> planProducers(Block &block, bool viewsOnly = false);

} // namespace mlir::mg

#endif // MG_PASSES_PRODUCERPLAN_H
