//===- IndexingRules.cpp - rules of ops that move elements ----------------===//
#include "ir/Ops.h"

using namespace mlir;
using namespace mlir::mg;

LogicalResult PadOp::vjp(RuleBuilder &r, ArrayRef<Value> cotangents,
                         MutableArrayRef<Value> gradients) {
  return r.noRule(*this, "reverse");
}
LogicalResult PadOp::jvp(RuleBuilder &r, ArrayRef<Value> tangents,
                         MutableArrayRef<Value> results) {
  return r.noRule(*this, "forward");
}
FailureOr<SmallVector<Mapped>> PadOp::batch(RuleBuilder &r,
                                            ArrayRef<Mapped> operands) {
  return batchByLoop(*this, r, operands);
}

LogicalResult ConcatOp::vjp(RuleBuilder &r, ArrayRef<Value> cotangents,
                            MutableArrayRef<Value> gradients) {
  return r.noRule(*this, "reverse");
}
LogicalResult ConcatOp::jvp(RuleBuilder &r, ArrayRef<Value> tangents,
                            MutableArrayRef<Value> results) {
  return r.noRule(*this, "forward");
}
FailureOr<SmallVector<Mapped>> ConcatOp::batch(RuleBuilder &r,
                                               ArrayRef<Mapped> operands) {
  return batchByLoop(*this, r, operands);
}

LogicalResult FoldOp::vjp(RuleBuilder &r, ArrayRef<Value> cotangents,
                          MutableArrayRef<Value> gradients) {
  return r.noRule(*this, "reverse");
}
LogicalResult FoldOp::jvp(RuleBuilder &r, ArrayRef<Value> tangents,
                          MutableArrayRef<Value> results) {
  return r.noRule(*this, "forward");
}
FailureOr<SmallVector<Mapped>> FoldOp::batch(RuleBuilder &r,
                                             ArrayRef<Mapped> operands) {
  return batchByLoop(*this, r, operands);
}

LogicalResult DynamicSliceOp::vjp(RuleBuilder &r, ArrayRef<Value> cotangents,
                                  MutableArrayRef<Value> gradients) {
  return r.noRule(*this, "reverse");
}
LogicalResult DynamicSliceOp::jvp(RuleBuilder &r, ArrayRef<Value> tangents,
                                  MutableArrayRef<Value> results) {
  return r.noRule(*this, "forward");
}
FailureOr<SmallVector<Mapped>>
DynamicSliceOp::batch(RuleBuilder &r, ArrayRef<Mapped> operands) {
  return batchByLoop(*this, r, operands);
}

LogicalResult DynamicUpdateSliceOp::vjp(RuleBuilder &r,
                                        ArrayRef<Value> cotangents,
                                        MutableArrayRef<Value> gradients) {
  return r.noRule(*this, "reverse");
}
LogicalResult DynamicUpdateSliceOp::jvp(RuleBuilder &r,
                                        ArrayRef<Value> tangents,
                                        MutableArrayRef<Value> results) {
  return r.noRule(*this, "forward");
}
FailureOr<SmallVector<Mapped>>
DynamicUpdateSliceOp::batch(RuleBuilder &r, ArrayRef<Mapped> operands) {
  return batchByLoop(*this, r, operands);
}

LogicalResult GatherOp::vjp(RuleBuilder &r, ArrayRef<Value> cotangents,
                            MutableArrayRef<Value> gradients) {
  return r.noRule(*this, "reverse");
}
LogicalResult GatherOp::jvp(RuleBuilder &r, ArrayRef<Value> tangents,
                            MutableArrayRef<Value> results) {
  return r.noRule(*this, "forward");
}
FailureOr<SmallVector<Mapped>> GatherOp::batch(RuleBuilder &r,
                                               ArrayRef<Mapped> operands) {
  return batchByLoop(*this, r, operands);
}

LogicalResult ScatterOp::vjp(RuleBuilder &r, ArrayRef<Value> cotangents,
                             MutableArrayRef<Value> gradients) {
  return r.noRule(*this, "reverse");
}
LogicalResult ScatterOp::jvp(RuleBuilder &r, ArrayRef<Value> tangents,
                             MutableArrayRef<Value> results) {
  return r.noRule(*this, "forward");
}
FailureOr<SmallVector<Mapped>> ScatterOp::batch(RuleBuilder &r,
                                                ArrayRef<Mapped> operands) {
  return batchByLoop(*this, r, operands);
}
