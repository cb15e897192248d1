//===- SortingRules.cpp - rules of sort and topk --------------------------===//
#include "ir/Ops.h"

using namespace mlir;
using namespace mlir::mg;

LogicalResult SortOp::vjp(RuleBuilder &r, ArrayRef<Value> cotangents,
                          MutableArrayRef<Value> gradients) {
  return r.noRule(*this, "reverse");
}
LogicalResult SortOp::jvp(RuleBuilder &r, ArrayRef<Value> tangents,
                          MutableArrayRef<Value> results) {
  return r.noRule(*this, "forward");
}
FailureOr<SmallVector<Mapped>> SortOp::batch(RuleBuilder &r,
                                             ArrayRef<Mapped> operands) {
  return batchByLoop(*this, r, operands);
}

LogicalResult TopKOp::vjp(RuleBuilder &r, ArrayRef<Value> cotangents,
                          MutableArrayRef<Value> gradients) {
  return r.noRule(*this, "reverse");
}
LogicalResult TopKOp::jvp(RuleBuilder &r, ArrayRef<Value> tangents,
                          MutableArrayRef<Value> results) {
  return r.noRule(*this, "forward");
}
FailureOr<SmallVector<Mapped>> TopKOp::batch(RuleBuilder &r,
                                             ArrayRef<Mapped> operands) {
  return batchByLoop(*this, r, operands);
}
