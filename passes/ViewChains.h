//===- ViewChains.h - Where the elements of a tensor come from --*- C++ -*-===//
//
// Walks from a tensor backwards through what only renames its elements: copies
// by a linear map, slices, reshapes, and the one part of a tensor.insert_slice
// that is read. Digits.h is the algebra; here is the IR.
//
//===----------------------------------------------------------------------===//

#ifndef MG_PASSES_VIEWCHAINS_H
#define MG_PASSES_VIEWCHAINS_H

#include "passes/Digits.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "llvm/ADT/DenseMap.h"

namespace mlir::mg {

/// Whether the op yields its one input's elements, in the output's order.
bool isCopy(linalg::GenericOp op);

/// A map's results as forms of the loops; nothing where one is not linear.
std::optional<SmallVector<DigitSpace::Form>>
addMap(DigitSpace &space, AffineMap map, ArrayRef<DigitSpace::Form> loops);

/// The elements of `tensor` that are read: at `index`, or, where that is empty,
/// at a row-major number.
struct Origin {
  Value tensor;
  SmallVector<DigitSpace::Form> index = {};
  DigitSpace::Form number = 0;
  bool isNumber = false;
  /// A reshape that no digits can say ended the walk.
  bool isStuck = false;
};

/// Valid as long as the IR does not change.
class ViewChains {
public:
  /// Where the element of `tensor` at `index` comes from; may split digits.
  Origin trace(DigitSpace &space, Value tensor,
               SmallVector<DigitSpace::Form> index);

  /// All of `tensor` as a view of its origin.
  struct Whole {
    Value origin;
    View view;
    bool isStuck = false;
  };
  const Whole &wholeOf(Value tensor);

private:
  bool step(DigitSpace &space, Origin &at);
  bool stepThroughReshape(DigitSpace &space, Origin &at, Value operand);
  DenseMap<Value, std::unique_ptr<Whole>> wholes;
};

} // namespace mlir::mg

#endif // MG_PASSES_VIEWCHAINS_H
