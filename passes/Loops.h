//===- Loops.h - linalg.generic ops from any affine accesses ----*- C++ -*-===//
//
// linalg derives the bounds of its loops from the operands that are indexed by
// a loop alone, and wants every such operand to be exactly as long as the loop.
// Views compose to maps that break both rules: a window dimension appears in
// `2*i + k` only, and the first 3 of 5 elements are read by the plain `i`. The
// builder here hides the rules: it crops operands that are too long, and tells
// the bounds that no operand tells by an operand that no one reads.
//
//===----------------------------------------------------------------------===//

#ifndef MG_PASSES_LOOPS_H
#define MG_PASSES_LOOPS_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace mlir::mg {

/// A tensor and the map from loops to its indices.
struct Access {
  Value tensor;
  AffineMap map;
  bool operator==(const Access &other) const = default;
};

/// The loops of a linalg.generic: one bound and one iterator type per loop.
struct Loops {
  SmallVector<int64_t> bounds;
  SmallVector<utils::IteratorType> iterators;

  static Loops of(linalg::LinalgOp op);
  /// Loops that are all parallel, over a tensor of `shape`.
  static Loops parallel(ArrayRef<int64_t> shape);
};

/// Creates a linalg.generic whose body is `body`: block arguments for `inputs`,
/// then for `outputs`; the op takes its operations. Input maps are any affine
/// maps that stay inside their tensors, output maps projected permutations.
linalg::GenericOp createGeneric(OpBuilder &builder, Location loc,
                                const Loops &loops, ArrayRef<Access> inputs,
                                ArrayRef<Access> outputs,
                                std::unique_ptr<Block> body);

/// The same for a body that a function writes: it gets the block arguments and
/// returns what to yield.
linalg::GenericOp
createGeneric(OpBuilder &builder, Location loc, const Loops &loops,
              ArrayRef<Access> inputs, ArrayRef<Access> outputs,
              function_ref<SmallVector<Value>(OpBuilder &, ValueRange)> body);

/// Nested scf.for loops over `shape`, the last dimension innermost, that carry
/// values: `body` gets the indices and the values and returns the next values.
SmallVector<Value> createSequentialLoops(
    OpBuilder &builder, Location loc, ArrayRef<int64_t> shape,
    ValueRange carried,
    function_ref<SmallVector<Value>(OpBuilder &, ValueRange, ValueRange)> body);

} // namespace mlir::mg

#endif // MG_PASSES_LOOPS_H
