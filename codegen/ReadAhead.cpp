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
// which spreads a memory's work over the units'. A panel that is copied is read
// once, where the copy is made; then it is that array which is asked for.
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
/// next pass through the same columns, or of the next ones, `width` further.
TileEmitter::Value TileEmitter::distanceToNext(const Access &input,
                                               int64_t width) {
  if (!pass)
    return constant(width);
  int64_t stride = input.strides[plan.reduction.front()];
  if (!isLastPass)
    return constant(pass->length * stride);
  return add(multiply(pass->begin, -stride), constant(width));
}

/// An input whose panels are copied. Of a window's steps, which read the same
/// lines again and again, most would ask in vain.
void TileEmitter::readAheadOfCopies(const Access &input, Flat flat) {
  auto isShared = [&](unsigned d) {
    return std::abs(input.strides[d]) < elementsOfLine(input) &&
           nest.extents[d] > 1;
  };
  if (plan.packed == nest.computed || input.group > 1 ||
      input.strides[plan.vector] != 1 || llvm::any_of(plan.reduction, isShared))
    return;
  readAhead = {input, flat, distanceToNext(input, plan.vecs * plan.lanes)};
}

/// The input that lies in panels from the start: one follows the other.
void TileEmitter::readAheadOfPanels() {
  for (auto [i, input] : llvm::enumerate(nest.inputs))
    if (input.hasPanels())
      readAhead = {input, flats[i], distanceToNext(input, input.panels.step)};
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
  if (access.hasPanels())
    first = add(first, multiply(panelOf(access), gapOf(access)));
  // A line that is in no first cache costs the second one a read: later tiles
  // ask for what they read themselves, or, of an array that was copied, again.
  Value own = b.createOrFold<arith::RemUIOp>(loc, number, constant(lines));
  Value ahead = add(readAhead->distance, multiply(own, line));
  if (access.hasPanels()) {
    Value isFirst = b.createOrFold<arith::CmpIOp>(
        loc, arith::CmpIPredicate::ult, number, constant(lines));
    ahead = b.createOrFold<arith::SelectOp>(loc, isFirst, ahead, constant(0));
  }
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
