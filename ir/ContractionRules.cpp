//===- ContractionRules.cpp - rules of dot and conv -----------------------===//
#include "ir/Ops.h"

using namespace mlir;
using namespace mlir::mg;

LogicalResult DotOp::vjp(RuleBuilder &r, ArrayRef<Value> cotangents,
                         MutableArrayRef<Value> gradients) {
  return r.noRule(*this, "reverse");
}
LogicalResult DotOp::jvp(RuleBuilder &r, ArrayRef<Value> tangents,
                         MutableArrayRef<Value> results) {
  return r.noRule(*this, "forward");
}
FailureOr<SmallVector<Mapped>> DotOp::batch(RuleBuilder &r,
                                            ArrayRef<Mapped> operands) {
  return batchByLoop(*this, r, operands);
}

LogicalResult ConvOp::vjp(RuleBuilder &r, ArrayRef<Value> cotangents,
                          MutableArrayRef<Value> gradients) {
  return r.noRule(*this, "reverse");
}
LogicalResult ConvOp::jvp(RuleBuilder &r, ArrayRef<Value> tangents,
                          MutableArrayRef<Value> results) {
  return r.noRule(*this, "forward");
}
FailureOr<SmallVector<Mapped>> ConvOp::batch(RuleBuilder &r,
                                             ArrayRef<Mapped> operands) {
  return batchByLoop(*this, r, operands);
}
