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
// which spreads a memory's work over the units'. Columns that are read where
// they lie are asked for like panels. What is copied into panels is left alone:
// lines far apart in an array may share the few sets of a cache where they
// would wait.
//
// The other factor's rows come anew for each panel. Those of the next tile are
// one piece of memory, of which each step asks for its share:
//
//   rows m .. m+7   step k   asks for a[m + 8, 0] + 8 * k
//
//===----------------------------------------------------------------------===//
#include "codegen/TileEmitter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;

namespace mg::codegen {

static constexpr int64_t lineBytes = 64;

static int64_t bytesOf(const Access &access) {
  return llvm::divideCeil(access.element.getIntOrFloatBitWidth(), 8);
}

static int64_t elementsOfLine(const Access &access) {
  return std::max<int64_t>(1, lineBytes / bytesOf(access));
}

/// From a step of `input` to the one that takes its place next, as strides
/// count: of the next pass through the same panel, or of the next panel.
TileEmitter::Value TileEmitter::distanceToNext(const Access &input) {
  int64_t width = plan.tileOf(plan.vector);
  int64_t next = input.hasPanels() ? input.panels.step
                                   : width * input.strides[plan.vector];
  if (!pass)
    return constant(next);
  int64_t stride = input.strides[plan.reduction.front()];
  if (!isLastPass)
    return constant(pass->length * stride);
  return add(multiply(pass->begin, -stride), constant(next));
}

/// For the tiles of a panel: what they will ask for.
void TileEmitter::beginAhead() {
  for (auto [i, input] : llvm::enumerate(nest.inputs)) {
    bool areColumns =
        input.hasPanels() ? int(i) != plan.packed : int(i) == plan.columnsAhead;
    bool isOne =
        !input.hasPanels() || plan.tileOf(plan.vector) <= input.panels.width;
    if (areColumns && isOne && (input.group == 1 || input.hasPanels()))
      readAhead.push_back({input,
                           flats[i],
                           distanceToNext(input),
                           {},
                           shareOf(input, /*areColumns=*/true)});
    if (int(i) == plan.rowsAhead)
      readAhead.push_back(
          {input, flats[i], {}, {}, shareOf(input, /*areColumns=*/false)});
  }
}

/// Of columns whose steps are neighbours the tiles ask for equal parts. Tiles
/// of rows that lie step by step are in the order of the steps.
int64_t TileEmitter::shareOf(const Access &access, bool areColumns) {
  if (!areColumns)
    return access.strides[plan.row] == 1 ? 1 : plan.rows;
  if (access.hasPanels() || access.strides[plan.vector] == 1)
    return 1;
  return llvm::divideCeil(plan.tileOf(plan.vector), tileInPanel().first);
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

/// Where the tile in hand begins in the columns that are next.
Value TileEmitter::nextColumns(const ReadAhead &ahead) {
  const Access &access = ahead.access;
  int64_t group = access.group;
  Value first = add(ahead.flat.offset, multiply(ahead.distance, group));
  for (unsigned d : plan.parallel)
    first = add(first, multiply(ivs[d], access.strides[d] * group));
  auto [tiles, number] = tileInPanel();
  if (access.hasPanels())
    first = add(first, panelOf(access));
  else if (access.strides[plan.vector] != 1)
    return add(first, multiply(number, access.strides[plan.vector] * group *
                                           ahead.share));
  return nextLines(ahead, first, tiles, number);
}

/// Which line of each step the tile asks for. Where there are fewer tiles than
/// lines, none: it is memory that sets the pace.
Value TileEmitter::nextLines(const ReadAhead &ahead, Value first, int64_t tiles,
                             Value number) {
  int64_t line = elementsOfLine(ahead.access),
          lines = llvm::divideCeil(plan.tileOf(plan.vector), line);
  if (tiles < lines)
    return {};
  // Columns that begin inside a line end in the one where the next ones begin.
  int64_t known = 0;
  for (unsigned d : plan.reduction)
    known |= ahead.access.strides[d] % line != 0;
  // A line that is in no first cache costs the second one a read: later tiles
  // ask for what they read themselves.
  Value isFirst = b.createOrFold<arith::CmpIOp>(loc, arith::CmpIPredicate::ult,
                                                number, constant(lines));
  int64_t group = ahead.access.group;
  Value next =
      add(multiply(number, line * group), constant(known * line * group));
  Value own = multiply(ahead.distance, -group);
  return add(first, b.createOrFold<arith::SelectOp>(loc, isFirst, next, own));
}

/// Where the next tile's rows begin: of the same loop, or of its start.
Value TileEmitter::nextRows(const ReadAhead &ahead) {
  const Access &access = ahead.access;
  int64_t group = access.group;
  Value first = ahead.flat.offset;
  for (unsigned d : plan.parallel)
    first = add(first, multiply(ivs[d], access.strides[d] * group));
  for (unsigned d : llvm::reverse(plan.parallel)) {
    int64_t size = plan.tileOf(d), extent = nest.extents[d];
    if (extent <= size)
      continue;
    if (!access.strides[d])
      return {};
    int64_t stride = access.strides[d] * group;
    Value isLast = b.createOrFold<arith::CmpIOp>(
        loc, arith::CmpIPredicate::uge, ivs[d], constant(extent - size));
    Value distance = b.createOrFold<arith::SelectOp>(
        loc, isLast, multiply(ivs[d], -stride), constant(size * stride));
    return add(first, distance);
  }
  return {};
}

/// At the beginning of a tile.
void TileEmitter::beginReadAhead() {
  for (ReadAhead &ahead : readAhead)
    ahead.first = ahead.distance ? nextColumns(ahead) : nextRows(ahead);
}

/// In each step of the sums.
void TileEmitter::askForNext() {
  for (const ReadAhead &ahead : readAhead) {
    if (!ahead.first)
      continue;
    const Access &access = ahead.access;
    Value index = ahead.first;
    for (unsigned d : plan.reduction)
      index = add(index, multiply(ivs[d], access.strides[d] * access.group *
                                              ahead.share));
    b.create<memref::PrefetchOp>(loc, ahead.flat.buffer, index,
                                 /*isWrite=*/false, /*localityHint=*/2,
                                 /*isDataCache=*/true);
  }
}

} // namespace mg::codegen
