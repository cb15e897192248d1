//===- ReadAhead.cpp - lines asked for before a contraction needs them ----===//
//
// All rows of a tile's column read one panel, from the second cache; only the
// first ones wait for it to come from further away, and the units with them.
// So while the rows go through this panel each step asks for a part of the same
// step of the next one:
//
//   panel p:   tile 0  step k   asks for line 0 of step k of panel p + 1
//              tile 1  step k            line 1
//              tile 2  step k            line 2, the last of 48 floats
//              tile 3  step k            its own line, which is there
//
// which spreads a memory's work over the units'. What is copied into panels is
// left alone: lines far apart in an array may share the few sets of a cache
// where they would wait.
//
//===----------------------------------------------------------------------===//
#include "codegen/TileEmitter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;

namespace mg::codegen {

static constexpr int64_t lineBytes = 64;

static int64_t elementsOfLine(const Access &access) {
  return std::max<int64_t>(1, lineBytes * 8 /
                                  access.element.getIntOrFloatBitWidth());
}

/// Elements from a step of `input` to the one that takes its place next: of the
/// next pass through the same panel, or of the next panel.
TileEmitter::Value TileEmitter::distanceToNext(const Access &input) {
  if (!pass)
    return constant(input.panels.step);
  int64_t stride = input.strides[plan.reduction.front()];
  if (!isLastPass)
    return constant(pass->length * stride);
  return add(multiply(pass->begin, -stride), constant(input.panels.step));
}

/// The input that lies in panels from the start: one follows the other.
void TileEmitter::readAheadOfPanels() {
  for (auto [i, input] : llvm::enumerate(nest.inputs))
    if (input.hasPanels() && input.group == 1)
      readAhead = {input, flats[i], distanceToNext(input)};
}

/// Tiles that read the panel in hand, and the number of the one in hand.
std::pair<int64_t, Value> TileEmitter::tileInPanel() {
  int64_t tiles = 1;
  Value number = constant(0);
  for (unsigned d : ArrayRef(plan.parallel).drop_front(plan.panelLevel + 1)) {
    int64_t size = plan.tileOf(d),
            count = llvm::divideCeil(nest.extents[d], size);
    Value own = b.createOrFold<arith::DivUIOp>(loc, ivs[d], constant(size));
    number = add(multiply(number, count), own);
    tiles *= count;
  }
  return {tiles, number};
}

/// Which line of each step the tile asks for. Where there are fewer tiles than
/// lines, none: it is memory that sets the pace.
void TileEmitter::beginReadAhead() {
  if (!readAhead)
    return;
  const Access &access = readAhead->access;
  int64_t line = elementsOfLine(access),
          lines = llvm::divideCeil(plan.vecs * plan.lanes, line);
  auto [tiles, number] = tileInPanel();
  readAhead->first = Value();
  if (tiles < lines)
    return;
  Value first = readAhead->flat.offset;
  for (unsigned d : plan.parallel)
    first = add(first, multiply(ivs[d], access.strides[d]));
  first = add(first, panelOf(access));
  // A line that is in no first cache costs the second one a read: later tiles
  // ask for what they read themselves.
  Value isFirst = b.createOrFold<arith::CmpIOp>(loc, arith::CmpIPredicate::ult,
                                                number, constant(lines));
  Value ahead = add(readAhead->distance, multiply(number, line));
  ahead = b.createOrFold<arith::SelectOp>(loc, isFirst, ahead, constant(0));
  readAhead->first = add(first, ahead);
}

/// In each step of the sums.
void TileEmitter::askForNext() {
  if (!readAhead || !readAhead->first)
    return;
  Value index = readAhead->first;
  for (unsigned d : plan.reduction)
    index = add(index, multiply(ivs[d], readAhead->access.strides[d]));
  b.create<memref::PrefetchOp>(loc, readAhead->flat.buffer, index,
                               /*isWrite=*/false, /*localityHint=*/2,
                               /*isDataCache=*/true);
}

} // namespace mg::codegen
