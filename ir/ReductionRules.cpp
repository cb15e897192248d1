//===- ReductionRules.cpp - rules of reductions ---------------------------===//
#include "ir/Ops.h"

using namespace mlir;
using namespace mlir::mg;

LogicalResult ReduceOp::vjp(RuleBuilder &r, ArrayRef<Value> cotangents,
                            MutableArrayRef<Value> gradients) {
  return r.noRule(*this, "reverse");
}
LogicalResult ReduceOp::jvp(RuleBuilder &r, ArrayRef<Value> tangents,
                            MutableArrayRef<Value> results) {
  return r.noRule(*this, "forward");
}
FailureOr<SmallVector<Mapped>> ReduceOp::batch(RuleBuilder &r,
                                               ArrayRef<Mapped> operands) {
  return batchByLoop(*this, r, operands);
}

LogicalResult CumulativeOp::vjp(RuleBuilder &r, ArrayRef<Value> cotangents,
                                MutableArrayRef<Value> gradients) {
  return r.noRule(*this, "reverse");
}
LogicalResult CumulativeOp::jvp(RuleBuilder &r, ArrayRef<Value> tangents,
                                MutableArrayRef<Value> results) {
  return r.noRule(*this, "forward");
}
FailureOr<SmallVector<Mapped>> CumulativeOp::batch(RuleBuilder &r,
                                                   ArrayRef<Mapped> operands) {
  return batchByLoop(*this, r, operands);
}

FailureOr<SmallVector<Mapped>> ArgReduceOp::batch(RuleBuilder &r,
                                                  ArrayRef<Mapped> operands) {
  return batchByLoop(*this, r, operands);
}
