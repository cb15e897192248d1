//===- ControlRules.cpp - rules of if, while and scan ---------------------===//
#include "ir/Ops.h"

using namespace mlir;
using namespace mlir::mg;

FailureOr<Reverse> IfOp::emitReverse(RuleBuilder &r, ValueRange operands,
                                     ArrayRef<bool> active) {
  r.noRule(*this, "reverse").succeeded();
  return failure();
}
FailureOr<Forward> IfOp::emitForward(RuleBuilder &r, ValueRange operands,
                                     ArrayRef<Value> tangents) {
  r.noRule(*this, "forward").succeeded();
  return failure();
}
FailureOr<SmallVector<Mapped>> IfOp::batch(RuleBuilder &r,
                                           ArrayRef<Mapped> operands) {
  return batchByLoop(*this, r, operands);
}

FailureOr<Reverse> WhileOp::emitReverse(RuleBuilder &r, ValueRange operands,
                                        ArrayRef<bool> active) {
  r.noRule(*this, "reverse").succeeded();
  return failure();
}
FailureOr<Forward> WhileOp::emitForward(RuleBuilder &r, ValueRange operands,
                                        ArrayRef<Value> tangents) {
  r.noRule(*this, "forward").succeeded();
  return failure();
}
FailureOr<SmallVector<Mapped>> WhileOp::batch(RuleBuilder &r,
                                              ArrayRef<Mapped> operands) {
  return batchByLoop(*this, r, operands);
}

FailureOr<Reverse> ScanOp::emitReverse(RuleBuilder &r, ValueRange operands,
                                       ArrayRef<bool> active) {
  r.noRule(*this, "reverse").succeeded();
  return failure();
}
FailureOr<Forward> ScanOp::emitForward(RuleBuilder &r, ValueRange operands,
                                       ArrayRef<Value> tangents) {
  r.noRule(*this, "forward").succeeded();
  return failure();
}
FailureOr<SmallVector<Mapped>> ScanOp::batch(RuleBuilder &r,
                                             ArrayRef<Mapped> operands) {
  return batchByLoop(*this, r, operands);
}
