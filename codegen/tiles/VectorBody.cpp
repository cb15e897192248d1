//===- VectorBody.cpp - a nest's body on vectors --------------------------===//
//
// Ops of the body are cloned on vectors of the plan's lanes. A value that is
// the same for all lanes stays scalar until it meets a vector.
//
//===----------------------------------------------------------------------===//
#include "codegen/tiles/Division.h"
#include "codegen/tiles/TileEmitter.h"
#include "codegen/tiles/WordProducts.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;

namespace mg::codegen {

static bool anyVector(ValueRange values) {
  return llvm::any_of(values,
                      [](Value v) { return isa<VectorType>(v.getType()); });
}

Value TileEmitter::loopIndex(unsigned original, Place place) {
  Value index = indexInNest(nest.loopOf[original], place);
  Value first = original < nest.first.size() ? nest.first[original] : Value();
  if (!first)
    return index;
  if (isa<VectorType>(index.getType()))
    first = asVector(first);
  return b.createOrFold<arith::AddIOp>(loc, first, index);
}

Value TileEmitter::indexInNest(int loop, Place place) {
  if (loop < 0)
    return constant(0);
  if (loop == plan.row)
    return add(ivs[loop], constant(place.row));
  if (loop != plan.vector)
    return ivs[loop];
  SmallVector<int64_t> lanes;
  for (int64_t lane = 0; lane < plan.lanes; ++lane)
    lanes.push_back(place.vec * plan.lanes + std::min(lane, place.valid - 1));
  auto type = VectorType::get({plan.lanes}, b.getIndexType());
  SmallVector<Attribute> attrs;
  for (int64_t lane : lanes)
    attrs.push_back(b.getIndexAttr(lane));
  Value offsets =
      b.create<arith::ConstantOp>(loc, DenseElementsAttr::get(type, attrs));
  return b.create<arith::AddIOp>(loc, asVector(ivs[loop]), offsets);
}

Value TileEmitter::evaluate(AffineExpr expr, ArrayRef<Value> dims) {
  if (auto dim = dyn_cast<AffineDimExpr>(expr))
    return dims[dim.getPosition()];
  if (auto value = dyn_cast<AffineConstantExpr>(expr))
    return constant(value.getValue());
  auto binary = cast<AffineBinaryOpExpr>(expr);
  Value x = evaluate(binary.getLHS(), dims),
        y = evaluate(binary.getRHS(), dims);
  if (anyVector({x, y})) {
    x = asVector(x);
    y = asVector(y);
  }
  auto zero = [&] {
    return b.create<arith::ConstantOp>(loc, b.getZeroAttr(x.getType()));
  };
  switch (expr.getKind()) {
  case AffineExprKind::Add:
    return b.createOrFold<arith::AddIOp>(loc, x, y);
  case AffineExprKind::Mul:
    return b.createOrFold<arith::MulIOp>(loc, x, y);
  case AffineExprKind::CeilDiv: {
    // -((-x) floordiv y); y is a positive constant.
    AffineExpr negated = -(-binary.getLHS()).floorDiv(binary.getRHS());
    return evaluate(negated, dims);
  }
  default:
    break;
  }
  // The machine's division rounds to zero; the index may be negative.
  Value rest = b.create<arith::RemSIOp>(loc, x, y);
  Value below =
      b.create<arith::CmpIOp>(loc, arith::CmpIPredicate::slt, rest, zero());
  Value mod = b.create<arith::SelectOp>(
      loc, below, b.create<arith::AddIOp>(loc, rest, y), rest);
  if (expr.getKind() == AffineExprKind::Mod)
    return mod;
  return b.create<arith::DivSIOp>(loc, b.create<arith::SubIOp>(loc, x, mod), y);
}

Value TileEmitter::load(Value buffer, ArrayRef<Value> indices) {
  if (!anyVector(indices))
    return b.create<memref::LoadOp>(loc, buffer, indices);
  Values lanes;
  for (int64_t lane = 0; lane < plan.lanes; ++lane) {
    Values at;
    for (Value index : indices)
      at.push_back(isa<VectorType>(index.getType())
                       ? b.createOrFold<vector::ExtractOp>(loc, index, lane)
                       : index);
    lanes.push_back(b.create<memref::LoadOp>(loc, buffer, at));
  }
  return fromLanes(lanes);
}

Value TileEmitter::multiplyAdd(Operation &op, IRMapping &values) {
  auto [mul, sum] = fused;
  Value addend = sum->getOperand(sum->getOperand(0) == mul->getResult(0));
  Values operands;
  for (Value v : {mul->getOperand(0), mul->getOperand(1), addend})
    operands.push_back(asVector(values.lookupOrDefault(v)));
  if (nest.products != Products::Single)
    return addProducts(b, loc, nest.products, operands[0], operands[1],
                       operands[2]);
  return b.create<LLVM::FMulAddOp>(loc, operands[0].getType(), operands);
}

/// Whether `op` divides f32 by what is read once for many vectors, lane by
/// lane: the loop around the tile, which covers all of the lanes' loop, does
/// not move it.
bool TileEmitter::isDivisorKept(Operation &op) const {
  if (!isa<arith::DivFOp>(op) || !op.getResult(0).getType().isF32() ||
      nest.extents[plan.vector] > plan.vecs * plan.lanes)
    return false;
  auto divisor = dyn_cast<BlockArgument>(op.getOperand(1));
  if (!divisor || divisor.getArgNumber() >= nest.inputs.size())
    return false;
  const Access &access = nest.inputs[divisor.getArgNumber()];
  int around = -1;
  for (unsigned d : plan.reduction.empty() ? plan.parallel : plan.reduction)
    if (int(d) != plan.vector)
      around = d;
  return around >= 0 && nest.extents[around] >= minDivided &&
         !access.isScalar() && access.isLinear() && !access.strides[around];
}

Value TileEmitter::widen(Operation &op, IRMapping &values, Place place) {
  if (auto index = dyn_cast<linalg::IndexOp>(op))
    return loopIndex(index.getDim(), place);
  if (&op == fused.first)
    return {};
  if (&op == fused.second)
    return multiplyAdd(op, values);

  if (Value extreme = widenExtreme(op, values, place))
    return extreme;

  Values operands;
  for (Value v : op.getOperands())
    operands.push_back(values.lookupOrDefault(v));
  if (auto loadOp = dyn_cast<memref::LoadOp>(op))
    return load(operands[0], ArrayRef(operands).drop_front());
  if (!anyVector(operands))
    return b.clone(op, values)->getResult(0);
  if (plan.nativeLanes >= lanesWithFMA && place.valid == plan.lanes &&
      nest.extents[plan.vector] >= minDivided * plan.lanes &&
      dividesByNumber(op, operands))
    return divideByKnown(b, loc, operands[0], operands[1]);
  for (Value &v : operands)
    v = asVector(v);
  if (plan.nativeLanes >= lanesWithFMA && place.valid == plan.lanes &&
      isDivisorKept(op))
    return divideByKnown(b, loc, operands[0], operands[1]);
  // A square may have been widened before it was turned.
  if (isa<CastOpInterface>(op) &&
      operands[0].getType() == vectorOf(op.getResult(0).getType()))
    return operands[0];
  return cloneOn(op, operands);
}

Value TileEmitter::cloneOn(Operation &op, ValueRange vectors) {
  OperationState state(op.getLoc(), op.getName(), vectors,
                       {vectorOf(op.getResult(0).getType())}, {});
  state.addAttributes(op.getDiscardableAttrDictionary().getValue());
  state.propertiesAttr = op.getPropertiesAsAttribute();
  return b.create(state)->getResult(0);
}

TileEmitter::Values
TileEmitter::body(Place place, llvm::function_ref<Value(unsigned)> argument) {
  IRMapping values;
  for (BlockArgument arg : nest.body->getArguments())
    if (!arg.use_empty())
      values.map(arg, argument(arg.getArgNumber()));
  for (Operation &op : nest.body->without_terminator()) {
    // Ops with several results or none are left to scalar kernels.
    if (plan.lanes == 1 && !isa<linalg::IndexOp>(op) && !fused.first) {
      b.clone(op, values);
      continue;
    }
    if (Value value = widen(op, values, place))
      values.map(op.getResult(0), value);
  }
  Values yields;
  for (Value v : nest.body->getTerminator()->getOperands())
    yields.push_back(values.lookupOrDefault(v));
  return yields;
}

} // namespace mg::codegen
