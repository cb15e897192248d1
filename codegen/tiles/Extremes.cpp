//===- Extremes.cpp - the largest and the smallest of a row ---------------===//
//
// `arith.maximumf` answers NaN if an operand is NaN, and knows +0 from -0. No
// x86 instruction does both: it becomes six. Both cases are rare and can be
// seen afterwards, so a row's maximum is first found by compare and select, one
// `vmaxps` per vector, with a guard beside it,
//
//   acc   = x > acc ? x : acc              one per vector
//   guard = guard | unordered(x, x')       one per two vectors
//
// and where the guard saw a NaN, or the result is a zero of unknown sign, the
// row is read again with the exact op. (So the loop must not store anything.)
// Where the lanes run across the results, all rows of a tile are.
//
//===----------------------------------------------------------------------===//
#include "codegen/tiles/TileEmitter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;

namespace mg::codegen {

bool TileEmitter::isGuarded() const {
  auto isExtreme = [&](unsigned o) {
    Type type = nest.outputs[o].element;
    return (type.isF32() || type.isF64()) &&
           isa_and_nonnull<arith::MaximumFOp, arith::MinimumFOp>(
               plan.combiners[o]);
  };
  return plan.lanes > 1 && !reduced.empty() &&
         reduced.size() == nest.outputs.size() &&
         llvm::all_of(reduced, isExtreme);
}

Value TileEmitter::compareAndSelect(unsigned output, Value x, Value old) {
  auto predicate = isa<arith::MaximumFOp>(plan.combiners[output])
                       ? arith::CmpFPredicate::OGT
                       : arith::CmpFPredicate::OLT;
  Value better = b.create<arith::CmpFOp>(loc, predicate, x, old);
  return b.create<arith::SelectOp>(loc, better, x, old);
}

/// The combiner while rows are guarded, null for any other op.
Value TileEmitter::widenExtreme(Operation &op, IRMapping &values, Place place) {
  for (unsigned o : reduced) {
    if (!guarding || plan.combiners[o] != &op)
      continue;
    Value old = nest.body->getArgument(nest.inputs.size() + o);
    Value x = op.getOperand(op.getOperand(0) == old ? 1 : 0);
    x = asVector(values.lookupOrDefault(x));
    candidates.push_back({o, place, x});
    return compareAndSelect(o, x, asVector(values.lookup(old)));
  }
  return {};
}

/// What the step's candidates, two at a time, add to the guards, which follow
/// the accumulators: one per row.
void TileEmitter::updateGuards(Values &accumulators) {
  unsigned guards = reduced.size() * accumulatorRows * accumulatorVecs;
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
    Value &old = accumulators[guards + x.place.row];
    Value bits = b.create<arith::ExtSIOp>(loc, old.getType(), isNaN);
    old = b.create<arith::OrIOp>(loc, old, bits);
    rest = rest.drop_front(pair ? 2 : 1);
  }
  candidates.clear();
}

/// The results of all rows: [reduced][rows], folded, where the lanes run along
/// them.
TileEmitter::Values TileEmitter::foldAll(ArrayRef<Value> accumulators) {
  if (!plan.isRowStyle())
    return Values(accumulators);
  Values results;
  for (auto [i, o] : llvm::enumerate(reduced))
    for (int64_t row = 0; row < accumulatorRows; ++row)
      results.push_back(foldLanes(
          o, accumulators.slice(accumulator(i, row, 0), accumulatorVecs)));
  return results;
}

/// Whether a guard saw a NaN or a result is zero.
Value TileEmitter::needExact(Tile tile, ArrayRef<Value> results,
                             ArrayRef<Value> guards) {
  auto zero = [&](Type type) {
    return b.create<arith::ConstantOp>(loc, b.getZeroAttr(type));
  };
  Value all = guards.front();
  for (Value guard : guards.drop_front())
    all = b.create<arith::OrIOp>(loc, all, guard);
  Value set = b.create<arith::CmpIOp>(loc, arith::CmpIPredicate::ne, all,
                                      zero(all.getType()));
  Value need =
      b.create<vector::ReductionOp>(loc, vector::CombiningKind::OR, set);
  for (auto [i, result] : llvm::enumerate(results)) {
    Value isZero = b.create<arith::CmpFOp>(loc, arith::CmpFPredicate::OEQ,
                                           result, zero(result.getType()));
    if (!plan.isRowStyle()) {
      bool isLast = (int64_t(i) + 1) % accumulatorVecs == 0;
      if (isLast && tile.last < plan.lanes)
        isZero = b.create<arith::AndIOp>(loc, isZero, mask(tile.last));
      isZero =
          b.create<vector::ReductionOp>(loc, vector::CombiningKind::OR, isZero);
    }
    need = b.create<arith::OrIOp>(loc, need, isZero);
  }
  return need;
}

TileEmitter::Values TileEmitter::reduceGuarded(Tile tile) {
  Values accumulators = initialAccumulators(tile);
  unsigned count = accumulators.size();
  unsigned bits = nest.outputs[reduced.front()].element.getIntOrFloatBitWidth();
  auto type = VectorType::get({plan.lanes}, b.getIntegerType(bits));
  accumulators.append(
      accumulatorRows,
      b.create<arith::ConstantOp>(loc, b.getZeroAttr(type)).getResult());
  guarding = true;
  accumulators = reduceInOrder(0, tile, accumulators);
  Values results = foldAll(ArrayRef(accumulators).take_front(count));
  guarding = false;

  Value need =
      needExact(tile, results, ArrayRef(accumulators).drop_front(count));
  auto ifNeeded = b.create<scf::IfOp>(loc, ValueRange(results).getTypes(), need,
                                      /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(b);
  Values outside = ivs;
  b.setInsertionPointToStart(ifNeeded.thenBlock());
  Values exact = reduceInOrder(0, tile, initialAccumulators(tile));
  b.create<scf::YieldOp>(loc, foldAll(exact));
  b.setInsertionPointToStart(ifNeeded.elseBlock());
  b.create<scf::YieldOp>(loc, results);
  ivs = outside;
  return ifNeeded.getResults();
}

} // namespace mg::codegen
