//===- Extremes.cpp - maxima and minima that let NaN through --------------===//
//
// `arith.maximumf` answers NaN if an operand is NaN and knows +0 from -0, which
// no x86 instruction does: six instructions. The maximum of a row needs its
// NaNs only at the end, and the sign of a zero maximum is nobody's concern. So
// a row's maximum is compare and select, one `vmaxps`, which drops NaN, and a
// guard beside it remembers whether there was one:
//
//   acc   = x > acc ? x : acc              one per vector
//   guard = guard | unordered(x, x')       one per two vectors
//   ..
//   result = any(guard) ? NaN : fold of acc
//
//===----------------------------------------------------------------------===//
#include "codegen/TileEmitter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;

namespace mg::codegen {

bool TileEmitter::isGuarded(unsigned output) const {
  Type type = nest.outputs[output].element;
  return plan.isRowStyle() && !plan.pairwise && plan.lanes > 1 &&
         (type.isF32() || type.isF64()) &&
         isa_and_nonnull<arith::MaximumFOp, arith::MinimumFOp>(
             plan.combiners[output]);
}

Value TileEmitter::compareAndSelect(unsigned output, Value x, Value old) {
  auto predicate = isa<arith::MaximumFOp>(plan.combiners[output])
                       ? arith::CmpFPredicate::OGT
                       : arith::CmpFPredicate::OLT;
  Value better = b.create<arith::CmpFOp>(loc, predicate, x, old);
  return b.create<arith::SelectOp>(loc, better, x, old);
}

/// The combiner of a guarded output, null for any other op.
Value TileEmitter::widenExtreme(Operation &op, IRMapping &values, Place place) {
  for (unsigned o : reduced) {
    if (plan.combiners[o] != &op || !isGuarded(o))
      continue;
    Value old = nest.body->getArgument(nest.inputs.size() + o);
    Value x = op.getOperand(op.getOperand(0) == old ? 1 : 0);
    x = asVector(values.lookupOrDefault(x));
    candidates.push_back({o, place, x});
    return compareAndSelect(o, x, asVector(values.lookup(old)));
  }
  return {};
}

/// Guards are appended to the accumulators: [guarded][rows].
void TileEmitter::appendGuards(Values &accumulators) {
  for (unsigned o : reduced)
    for (int64_t row = 0; isGuarded(o) && row < accumulatorRows; ++row) {
      Type element = nest.outputs[o].element;
      auto type = VectorType::get(
          {plan.lanes}, b.getIntegerType(element.getIntOrFloatBitWidth()));
      accumulators.push_back(
          b.create<arith::ConstantOp>(loc, b.getZeroAttr(type)));
    }
}

unsigned TileEmitter::guard(unsigned output, int64_t row) const {
  unsigned at = reduced.size() * accumulatorRows * accumulatorVecs;
  for (unsigned o : reduced)
    if (o < output && isGuarded(o))
      at += accumulatorRows;
  return at + row;
}

/// What the step's candidates, two at a time, add to the guards.
void TileEmitter::updateGuards(Values &accumulators) {
  ArrayRef<Candidate> rest = candidates;
  while (!rest.empty()) {
    const Candidate &x = rest.front();
    bool pair = rest.size() > 1 && rest[1].output == x.output &&
                rest[1].place.row == x.place.row &&
                rest[1].place.valid == plan.lanes;
    Value isNaN = b.create<arith::CmpFOp>(loc, arith::CmpFPredicate::UNO,
                                          x.value, rest[pair].value);
    if (x.place.valid < plan.lanes)
      isNaN = b.create<arith::AndIOp>(loc, isNaN, mask(x.place.valid));
    Value &old = accumulators[guard(x.output, x.place.row)];
    Value bits = b.create<arith::ExtSIOp>(loc, old.getType(), isNaN);
    old = b.create<arith::OrIOp>(loc, old, bits);
    rest = rest.drop_front(pair ? 2 : 1);
  }
  candidates.clear();
}

/// `extreme`, or NaN where the guard saw one.
Value TileEmitter::resolveGuard(Value extreme, Value guard) {
  Value zero = b.create<arith::ConstantOp>(loc, b.getZeroAttr(guard.getType()));
  Value set =
      b.create<arith::CmpIOp>(loc, arith::CmpIPredicate::ne, guard, zero);
  Value any =
      b.create<vector::ReductionOp>(loc, vector::CombiningKind::OR, set);
  auto type = cast<FloatType>(extreme.getType());
  Value nan = b.create<arith::ConstantOp>(
      loc, b.getFloatAttr(type, APFloat::getQNaN(type.getFloatSemantics())));
  return b.create<arith::SelectOp>(loc, any, nan, extreme);
}

} // namespace mg::codegen
