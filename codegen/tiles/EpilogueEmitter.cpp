//===- EpilogueEmitter.cpp - what follows a contraction, on its tile ------===//
//
// TileEmitter's part of Epilogue.h.
//
//===----------------------------------------------------------------------===//
#include "codegen/nests/BufferRegions.h"
#include "codegen/tiles/TileEmitter.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;

namespace mg::codegen {

/// One emitter per epilogue, for steps of one vector.
void TileEmitter::createStages() {
  if (nest.epilogues.empty())
    return;
  stagePlan = std::make_unique<VectorPlan>(plan);
  stagePlan->reduction.clear();
  stagePlan->packed = -1;
  if (plan.isRowStyle()) {
    stagePlan->vector = -1;
    stagePlan->lanes = stagePlan->vecs = 1;
  }
  stages.reserve(nest.epilogues.size());
  for (Epilogue &epilogue : nest.epilogues) {
    LoopNest own{epilogue.loc, epilogue.body};
    own.extents = nest.extents;
    own.reduction.assign(nest.size(), false);
    own.indexed = nest.indexed;
    own.loopOf = epilogue.loopOf;
    own.inputs = epilogue.inputs;
    own.outputs = epilogue.outputs;
    own.initial = epilogue.initial;
    own.first = epilogue.first;
    stages.emplace_back(b, own, *stagePlan).enter();
  }
}

namespace {
/// The value of the elements that an access reaches at a place.
struct Known {
  const Access *access;
  TileEmitter::Value value;
  TileEmitter *writer;
  unsigned output;
};
} // namespace

/// All members at one vector of the tile.
void TileEmitter::emitStages(Place place, ArrayRef<Value> sums) {
  SmallVector<Known> knowns;
  auto find = [&](const Access &access) {
    return llvm::find_if(
        knowns, [&](Known &k) { return isSameElement(*k.access, access); });
  };
  auto put = [&](TileEmitter &writer, unsigned output, Value value) {
    Known now{&writer.nest.outputs[output], value, &writer, output};
    auto old = find(*now.access);
    if (old == knowns.end())
      knowns.push_back(now);
    else
      *old = now;
  };
  for (auto [o, sum] : llvm::zip_equal(reduced, sums))
    put(*this, o, sum);
  Place inStage = place;
  inStage.valid = std::min(place.valid, stagePlan->lanes);
  for (TileEmitter &stage : stages) {
    Values yields = stage.body(inStage, [&](unsigned argument) {
      auto known = find(stage.accessOf(argument));
      return known == knowns.end() || stage.startsFilled(argument)
                 ? stage.read(argument, inStage)
                 : known->value;
    });
    for (auto [o, value] : llvm::enumerate(yields))
      put(stage, o, value);
  }
  for (Known &known : knowns)
    if (known.access->stored)
      known.writer->write(known.output, known.writer == this ? place : inStage,
                          known.value);
}

/// Moves this emitter and its stages to another corner of the tile.
void TileEmitter::moveTo(ArrayRef<Value> corner) {
  auto move = [&](TileEmitter &emitter) {
    emitter.ivs.assign(corner.begin(), corner.end());
    emitter.seen.clear();
    emitter.bases.clear();
  };
  move(*this);
  for (TileEmitter &stage : stages)
    move(stage);
}

/// Ops that are written out for a small tile; a loop over it takes longer to
/// begin and to end than it runs. The constants of more are many, and would be
/// kept in registers that the sums need.
static constexpr double mostWrittenOut = 5 * lightBody;

/// `sums` are [reduced][rows][vecs].
void TileEmitter::emitEpilogues(Tile tile, ArrayRef<Value> sums) {
  double cost = 0;
  for (Epilogue &epilogue : nest.epilogues)
    cost += bodyCost(*epilogue.body);
  if (cost > lightBody && cost * tile.rows * tile.vecs > mostWrittenOut &&
      !plan.isRowStyle())
    return loopOverTile(tile, sums);
  moveTo(Values(ivs));
  int64_t vecs = plan.isRowStyle() ? 1 : tile.vecs;
  turnedRows = plan.isRowStyle() ? 0 : tile.rows;
  for (TileEmitter &stage : stages)
    stage.turnedRows = turnedRows;
  for (int64_t row = 0; row < tile.rows; ++row)
    for (int64_t vec = 0; vec < vecs; ++vec) {
      Values here;
      for (unsigned i = 0; i < reduced.size(); ++i)
        here.push_back(sums[(i * tile.rows + row) * vecs + vec]);
      emitStages(placeOf(tile, row, vec), here);
    }
  finishTurned();
  for (TileEmitter &stage : stages)
    stage.finishTurned();
}

/// The tile in a buffer, and a loop over its vectors. What the tile lies across
/// waits in buffers of the same form, and is turned at the end.
void TileEmitter::loopOverTile(Tile tile, ArrayRef<Value> sums) {
  int64_t vectors = tile.rows * tile.vecs;
  park(tile);
  for (TileEmitter &stage : stages)
    stage.park(tile);
  for (auto [i, o] : llvm::enumerate(reduced))
    for (int64_t v = 0; v < vectors; ++v)
      storeVector(sums[i * vectors + v], tileBuffer(i),
                  constant(v * plan.lanes));
  Values corner = ivs;
  auto at = [&](Value row, Value vec, int64_t valid) {
    Values moved = corner, here;
    if (plan.row >= 0)
      moved[plan.row] = add(moved[plan.row], row);
    if (plan.vector >= 0)
      moved[plan.vector] = add(moved[plan.vector], multiply(vec, plan.lanes));
    moveTo(moved);
    Value index = multiply(add(multiply(row, tile.vecs), vec), plan.lanes);
    for (auto [i, o] : llvm::enumerate(reduced))
      here.push_back(loadVector(nest.outputs[o].element, tileBuffer(i), index));
    parkedAt = index;
    for (TileEmitter &stage : stages)
      stage.parkedAt = index;
    emitStages({0, 0, valid}, here);
    return Values();
  };
  int64_t full = tile.last < plan.lanes ? tile.vecs - 1 : tile.vecs;
  loop(0, tile.rows, 1, {}, [&](Value row, ValueRange) {
    loop(0, full, 1, {},
         [&](Value vec, ValueRange) { return at(row, vec, plan.lanes); });
    if (full < tile.vecs)
      at(row, constant(full), tile.last);
    return Values();
  });
  moveTo(corner);
  storeParked(tile);
  for (TileEmitter &stage : stages)
    stage.storeParked(tile);
}

/// One buffer per reduced output for all tiles of a task.
Value TileEmitter::tileBuffer(unsigned i) {
  tileBuffers.resize(reduced.size());
  if (!tileBuffers[i]) {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(frame());
    tileBuffers[i] = b.create<memref::AllocaOp>(
        loc,
        MemRefType::get({plan.rows * plan.vecs * plan.lanes},
                        nest.outputs[reduced[i]].element),
        b.getI64IntegerAttr(64));
  }
  return tileBuffers[i];
}

} // namespace mg::codegen
