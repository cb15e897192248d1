//===- LoopBody.h - bodies of several ops as one ----------------*- C++ -*-===//
//
// Writes the body of a linalg.generic from the bodies of others, each of which
// runs at some map from the new loops to its own. An element that one computes
// and another reads is a value; an element of any other tensor becomes an input
// once, however many read it; what a constant or a fill holds is a scalar.
//
//===----------------------------------------------------------------------===//

#ifndef MG_PASSES_LOOPBODY_H
#define MG_PASSES_LOOPBODY_H

#include "passes/Loops.h"

#include "mlir/IR/IRMapping.h"

namespace mlir::mg {

/// Of a tensor, at a map from the new loops.
using Element = std::pair<Value, AffineMap>;

/// From the loops that `map` leads from to the elements that `operand` of an op
/// at `map` reads. Simplified, so that equal accesses are equal maps.
AffineMap composeAccess(OpOperand &operand, AffineMap map);

/// Calls `visit` with each element that the body of `op` at `map` reads.
void forEachRead(linalg::GenericOp op, AffineMap map,
                 function_ref<void(OpOperand &, const Element &)> visit);

class LoopBody {
public:
  /// `outside`: where the new op will stand.
  LoopBody(OpBuilder &outside, Loops loops);

  /// Inputs first, then outputs, then bodies.
  void addInput(const Element &element);
  /// An output of `op` at `map`, with what it holds before.
  void addOutput(linalg::GenericOp op, unsigned output, AffineMap map);
  /// Copies the body of `op`; returns what it yields. Every element that it
  /// reads is known.
  SmallVector<Value> copy(linalg::GenericOp op, AffineMap map);
  /// Makes the element known as `value`; with a null map, at whatever map the
  /// tensor is read.
  void define(const Element &element, Value value) {
    elements[element] = value;
  }
  linalg::GenericOp finish(Location loc, ValueRange yields);

private:
  Value indexOf(Location loc, AffineExpr index);
  Value splatOf(Value tensor);
  void copyOp(Operation &op, IRMapping &values);

  OpBuilder &outside;
  Loops loops;
  std::unique_ptr<Block> body;
  OpBuilder inside;
  SmallVector<Access> inputs, outputs;
  DenseMap<Element, Value> elements;
  /// The arguments of outputs, old to new.
  IRMapping held;
};

} // namespace mlir::mg

#endif // MG_PASSES_LOOPBODY_H
