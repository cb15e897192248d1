//===- LoopBody.cpp - bodies of several ops as one ------------------------===//

#include "passes/LoopBody.h"

#include "mlir/Dialect/Affine/Utils.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace mlir::mg;
using linalg::GenericOp;

AffineMap mg::composeAccess(OpOperand &operand, AffineMap map) {
  auto op = cast<linalg::LinalgOp>(operand.getOwner());
  return simplifyAffineMap(op.getMatchingIndexingMap(&operand).compose(map));
}

void mg::forEachRead(GenericOp op, AffineMap map,
                     function_ref<void(OpOperand &, const Element &)> visit) {
  for (OpOperand *input : op.getDpsInputOperands())
    if (!op.getMatchingBlockArgument(input).use_empty())
      visit(*input, {input->get(), composeAccess(*input, map)});
}

LoopBody::LoopBody(OpBuilder &outside, Loops loops)
    : outside(outside), loops(std::move(loops)),
      body(std::make_unique<Block>()), inside(outside.getContext()) {
  inside.setInsertionPointToEnd(body.get());
}

/// The one value that every element of `tensor` has, or null.
Value LoopBody::splatOf(Value tensor) {
  if (auto fill = tensor.getDefiningOp<linalg::FillOp>())
    return fill.getInputs()[0];
  SplatElementsAttr splat;
  if (!matchPattern(tensor, m_Constant(&splat)))
    return {};
  return outside.create<arith::ConstantOp>(tensor.getLoc(),
                                           splat.getSplatValue<TypedAttr>());
}

void LoopBody::addInput(const Element &element) {
  Value &value = elements[element];
  if (value || (value = splatOf(element.first)))
    return;
  inputs.push_back({element.first, element.second});
  value = body->addArgument(getElementTypeOrSelf(element.first),
                            element.first.getLoc());
}

void LoopBody::addOutput(GenericOp op, unsigned output, AffineMap map) {
  OpOperand *init = op.getDpsInitOperand(output);
  BlockArgument argument = op.getMatchingBlockArgument(init);
  held.map(argument, body->addArgument(argument.getType(), argument.getLoc()));
  outputs.push_back({init->get(), composeAccess(*init, map)});
}

Value LoopBody::indexOf(Location loc, AffineExpr index) {
  SmallVector<Value> values;
  for (unsigned loop = 0; loop < loops.bounds.size(); ++loop)
    values.push_back(index.isFunctionOfDim(loop)
                         ? inside.create<linalg::IndexOp>(loc, loop)
                         : Value());
  return affine::expandAffineExpr(inside, loc, index, values, {});
}

/// Copies one op of a body; the element of a splat is known.
void LoopBody::copyOp(Operation &op, IRMapping &values) {
  if (auto extract = dyn_cast<tensor::ExtractOp>(op))
    if (Value splat = splatOf(values.lookupOrDefault(extract.getTensor()))) {
      values.map(extract.getResult(), splat);
      return;
    }
  inside.clone(op, values);
}

SmallVector<Value> LoopBody::copy(GenericOp op, AffineMap map) {
  IRMapping values = held;
  forEachRead(op, map, [&](OpOperand &operand, const Element &element) {
    Value value = elements.lookup(element);
    if (!value)
      value = elements.at({element.first, AffineMap()});
    values.map(op.getMatchingBlockArgument(&operand), value);
  });
  for (Operation &inner : op.getBody()->without_terminator()) {
    if (auto index = dyn_cast<linalg::IndexOp>(inner))
      values.map(index.getResult(),
                 indexOf(index.getLoc(), map.getResult(index.getDim())));
    else
      copyOp(inner, values);
  }
  return llvm::map_to_vector(
      op.getBody()->getTerminator()->getOperands(),
      [&](Value yielded) { return values.lookupOrDefault(yielded); });
}

GenericOp LoopBody::finish(Location loc, ValueRange yields) {
  inside.create<linalg::YieldOp>(loc, yields);
  return createGeneric(outside, loc, loops, inputs, outputs, std::move(body));
}
