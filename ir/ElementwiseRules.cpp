//===- ElementwiseRules.cpp - derivatives too long for a record -----------===//
#include "ir/ElementwiseRules.h"

using namespace mlir;
using namespace mlir::mg;

Value mg::powBase(RuleBuilder &r, Value g, Value a, Value b) {
  Value lower = r.make("pow", {a, r.sub(b, r.one(b))});
  Value isZero = r.compare(Direction::EQ, b, r.like(b, 0));
  return r.select(isZero, r.like(a, 0), r.mul(g, r.mul(b, lower)));
}

Value mg::powExponent(RuleBuilder &r, Value g, Value a, Value y) {
  Value isZero = r.compare(Direction::EQ, a, r.like(a, 0));
  // The unchosen side must be finite, or its own derivative is NaN.
  Value safe = r.select(isZero, r.one(a), a);
  return r.select(isZero, r.like(a, 0),
                  r.mul(g, r.mul(y, r.unary("log", safe))));
}

LogicalResult ConvertOp::vjp(RuleBuilder &r, ArrayRef<Value> cotangents,
                             MutableArrayRef<Value> gradients) {
  Type element = getX().getType().getElementType();
  if (isDifferentiable(element))
    gradients[0] = r.convert(cotangents[0], element);
  return success();
}
LogicalResult ConvertOp::jvp(RuleBuilder &r, ArrayRef<Value> tangents,
                             MutableArrayRef<Value> results) {
  Type element = getResult().getType().getElementType();
  if (tangents[0] && isDifferentiable(element))
    results[0] = r.convert(tangents[0], element);
  return success();
}
