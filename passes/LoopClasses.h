//===- LoopClasses.h - which loops of several ops are the same --*- C++ -*-===//
//
// Two ops walk the same dimension where one indexes a tensor by its loop i and
// the other the same dimension of the same tensor by its loop j:
//
//   %m = max over c of %x[r, c]          loops (r, c)
//   %e = exp(%x[i, j] - %m[i])           loops (i, j)
//
// Here r and i are one class (through %x and through %m), c and j another
// (through %x). A class is a *row* class of the ops if each has one loop in it
// and nothing that one computes for another leaves its own row: %e at row i
// reads %m at row i only. c is none: what %e reads at column j took all columns
// to make. Ops with a row class can run row by row, one after the other in each
// row, and whatever passes between them lives for a row.
//
// Loops of one iteration belong to no class: they never matter.
//
//===----------------------------------------------------------------------===//

#ifndef MG_PASSES_LOOPCLASSES_H
#define MG_PASSES_LOOPCLASSES_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace mlir::mg {

class LoopClasses {
public:
  /// One op's way to a tensor.
  struct Touch {
    unsigned op;
    AffineMap map;
    bool writes;
  };

  explicit LoopClasses(ArrayRef<linalg::GenericOp> ops);

  unsigned size() const { return extents.size(); }
  int64_t extent(unsigned cls) const { return extents[cls]; }
  ArrayRef<linalg::GenericOp> members() const { return ops; }
  /// -1 for a loop of one iteration.
  int classOf(unsigned op, unsigned loop) const { return classes[op][loop]; }
  /// The loop of `op` in the class; -1 if it has none.
  int loopIn(unsigned op, unsigned cls) const;
  /// Whether everything that passes between the ops stays in its row.
  bool isRow(unsigned cls) const { return rows.test(cls); }
  /// Whether the loop of `op` in the class, if any, is a reduction.
  bool isReduced(unsigned op, unsigned cls) const;
  /// The classes of the dimensions of each tensor that an op touches, but for
  /// those of one element and those that no loop indexes alone.
  ArrayRef<SmallVector<int>> tensors() const { return dims; }

private:
  SmallVector<int> classesOf(unsigned op, AffineMap map) const;
  void see(ArrayRef<Touch> touches);

  SmallVector<linalg::GenericOp> ops;
  SmallVector<SmallVector<int>> classes;
  SmallVector<int64_t> extents;
  SmallVector<SmallVector<int>> dims;
  llvm::BitVector rows;
};

} // namespace mlir::mg

#endif // MG_PASSES_LOOPCLASSES_H
