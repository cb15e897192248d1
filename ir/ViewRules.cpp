//===- ViewRules.cpp - derivatives and batching of views ------------------===//
#include "ir/Ops.h"

using namespace mlir;
using namespace mlir::mg;

LogicalResult ReshapeOp::vjp(RuleBuilder &r, ArrayRef<Value> cotangents,
                             MutableArrayRef<Value> gradients) {
  return r.noRule(*this, "reverse");
}
LogicalResult ReshapeOp::jvp(RuleBuilder &r, ArrayRef<Value> tangents,
                             MutableArrayRef<Value> results) {
  return r.noRule(*this, "forward");
}
FailureOr<SmallVector<Mapped>> ReshapeOp::batch(RuleBuilder &r,
                                                ArrayRef<Mapped> operands) {
  return batchByLoop(*this, r, operands);
}

LogicalResult TransposeOp::vjp(RuleBuilder &r, ArrayRef<Value> cotangents,
                               MutableArrayRef<Value> gradients) {
  return r.noRule(*this, "reverse");
}
LogicalResult TransposeOp::jvp(RuleBuilder &r, ArrayRef<Value> tangents,
                               MutableArrayRef<Value> results) {
  return r.noRule(*this, "forward");
}
FailureOr<SmallVector<Mapped>> TransposeOp::batch(RuleBuilder &r,
                                                  ArrayRef<Mapped> operands) {
  return batchByLoop(*this, r, operands);
}

LogicalResult BroadcastOp::vjp(RuleBuilder &r, ArrayRef<Value> cotangents,
                               MutableArrayRef<Value> gradients) {
  return r.noRule(*this, "reverse");
}
LogicalResult BroadcastOp::jvp(RuleBuilder &r, ArrayRef<Value> tangents,
                               MutableArrayRef<Value> results) {
  return r.noRule(*this, "forward");
}
FailureOr<SmallVector<Mapped>> BroadcastOp::batch(RuleBuilder &r,
                                                  ArrayRef<Mapped> operands) {
  return batchByLoop(*this, r, operands);
}

LogicalResult SliceOp::vjp(RuleBuilder &r, ArrayRef<Value> cotangents,
                           MutableArrayRef<Value> gradients) {
  return r.noRule(*this, "reverse");
}
LogicalResult SliceOp::jvp(RuleBuilder &r, ArrayRef<Value> tangents,
                           MutableArrayRef<Value> results) {
  return r.noRule(*this, "forward");
}
FailureOr<SmallVector<Mapped>> SliceOp::batch(RuleBuilder &r,
                                              ArrayRef<Mapped> operands) {
  return batchByLoop(*this, r, operands);
}

LogicalResult ReverseOp::vjp(RuleBuilder &r, ArrayRef<Value> cotangents,
                             MutableArrayRef<Value> gradients) {
  return r.noRule(*this, "reverse");
}
LogicalResult ReverseOp::jvp(RuleBuilder &r, ArrayRef<Value> tangents,
                             MutableArrayRef<Value> results) {
  return r.noRule(*this, "forward");
}
FailureOr<SmallVector<Mapped>> ReverseOp::batch(RuleBuilder &r,
                                                ArrayRef<Mapped> operands) {
  return batchByLoop(*this, r, operands);
}

LogicalResult UnfoldOp::vjp(RuleBuilder &r, ArrayRef<Value> cotangents,
                            MutableArrayRef<Value> gradients) {
  return r.noRule(*this, "reverse");
}
LogicalResult UnfoldOp::jvp(RuleBuilder &r, ArrayRef<Value> tangents,
                            MutableArrayRef<Value> results) {
  return r.noRule(*this, "forward");
}
FailureOr<SmallVector<Mapped>> UnfoldOp::batch(RuleBuilder &r,
                                               ArrayRef<Mapped> operands) {
  return batchByLoop(*this, r, operands);
}

LogicalResult DiagonalOp::vjp(RuleBuilder &r, ArrayRef<Value> cotangents,
                              MutableArrayRef<Value> gradients) {
  return r.noRule(*this, "reverse");
}
LogicalResult DiagonalOp::jvp(RuleBuilder &r, ArrayRef<Value> tangents,
                              MutableArrayRef<Value> results) {
  return r.noRule(*this, "forward");
}
FailureOr<SmallVector<Mapped>> DiagonalOp::batch(RuleBuilder &r,
                                                 ArrayRef<Mapped> operands) {
  return batchByLoop(*this, r, operands);
}
