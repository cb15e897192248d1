//===- ReadAhead.cpp - lines asked for before a contraction needs them ----===//
//
// All rows of a tile's column read one panel, from the second cache; only the
// first ones wait for it to come from further away, and the units with them.
// So while the rows go through this panel they ask for the next one. It is one
// piece of memory, of which each tile takes an equal part, and each of its
// steps a part of that:
//
//   panel p of 48 columns,   tile 0  step k   asks for p + 1, element 8 * k
//   6 tiles, 100 steps       tile 1  step k                   800 + 8 * k
//                            ..
//
// which spreads a memory's work over the units' as thinly as can be, page by
// page. Columns that are read where they lie are no piece. There each step asks
// for a part of the same step of the next ones:
//
//   columns n ..:   tile 0  step k   asks for line 0 of step k of the next 48
//                   tile 1  step k            line 1
//                   tile 2  step k            line 2, the last one
//                   tile 3  step k            its own line, which is there
//
// What is copied into panels is left alone: lines far apart in an array may
// share the few sets of a cache where they would wait.
//
// The other factor's rows come anew for each panel. Those of the next tile are
// one piece of memory, too, of which each step asks for its share:
//
//   rows m .. m+7   step k   asks for a[m + 8, 0] + 8 * k
//
// or less, where several tiles go along these rows before the next ones.
//
// The windows of a convolution are a short piece from each of many places.
// There each step asks for the same piece of the next row of results:
//
//   row h   step c, i, j   reads x[c, 2h + i, 2w + j], asks for the one 2 below
//
//===----------------------------------------------------------------------===//
#include "codegen/tiles/TileEmitter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;

namespace mg::codegen {

static constexpr int64_t lineBytes = 64;

/// Elements of memory, of which several may be one of the nest.
static int64_t elementsOfLine(const Access &access) {
  Type element = getElementTypeOrSelf(access.buffer.getType());
  return std::max<int64_t>(1, lineBytes * 8 / element.getIntOrFloatBitWidth());
}

/// From a step of `input` to the one that takes its place next, in elements of
/// memory: of the next pass through the same panel, or of the next panel.
TileEmitter::Value TileEmitter::distanceToNext(const Access &input) {
  int64_t width = plan.tileOf(plan.vector), group = input.group;
  int64_t next =
      group * (input.hasPanels() ? input.panels.step
                                 : width * input.strides[plan.vector]);
  if (!pass)
    return constant(next);
  int64_t stride = input.strides[plan.reduction.front()] * group;
  if (!isLastPass)
    return constant(pass->length * stride);
  return add(multiply(pass->begin, -stride), constant(next));
}

/// For the tiles of a panel, or all: what they will ask for.
void TileEmitter::beginAhead() {
  for (auto [i, input] : llvm::enumerate(nest.inputs)) {
    const int64_t group = input.group;
    const bool isPanel = input.hasPanels() && int(i) != plan.packed &&
                         plan.tileOf(plan.vector) <= input.panels.width;
    if (isPanel || (int(i) == plan.columnsAhead && group == 1)) {
      ReadAhead ahead{input, flats[i], distanceToNext(input)};
      if (isPanel) {
        ahead.unit = input.panels.width * input.strides[plan.vector] * group;
        ahead.width = ahead.unit;
      } else if (input.strides[plan.vector] != 1) {
        ahead.unit = input.strides[plan.reduction.back()];
        ahead.width = plan.tileOf(plan.vector) * ahead.unit;
      }
      readAhead.push_back(ahead);
    }
    if (int(i) == plan.windowsAhead)
      addWindows(input, flats[i]);
    if (int(i) == plan.rowsAhead) {
      const bool areTiles = input.strides[plan.row] == 1;
      ReadAhead ahead{input, flats[i]};
      ahead.width = plan.rows * group;
      ahead.unit = areTiles ? ahead.width : group;
      readAhead.push_back(ahead);
    }
  }
}

/// The windows of the next iteration around the tiles' rows.
void TileEmitter::addWindows(const Access &access, const Flat &flat) {
  for (unsigned d : llvm::reverse(plan.parallel)) {
    if (int(d) == plan.row || int(d) == plan.vector || nest.extents[d] < 2 ||
        !access.strides[d])
      continue;
    ReadAhead ahead{access, flat, constant(access.strides[d] * access.group)};
    ahead.isOwn = true;
    readAhead.push_back(ahead);
    return;
  }
}

/// The tiles of the loops from this one on.
TileEmitter::Sharing TileEmitter::tilesFrom(unsigned level) {
  Sharing sharing{1, constant(0)};
  for (unsigned d : ArrayRef(plan.parallel).drop_front(level)) {
    int64_t size = plan.tileOf(d),
            count = llvm::divideCeil(nest.extents[d], size);
    Value own = b.createOrFold<arith::DivUIOp>(loc, ivs[d], constant(size));
    sharing.number = add(multiply(sharing.number, count), own);
    sharing.tiles *= count;
  }
  return sharing;
}

/// Where the tile in hand begins in columns that are no piece of memory: which
/// line of each step it asks for. Where there are fewer tiles than lines, none:
/// it is memory that sets the pace.
Value TileEmitter::nextColumns(const ReadAhead &ahead, Sharing sharing) {
  const Access &access = ahead.access;
  const int64_t line = elementsOfLine(access),
                lines = llvm::divideCeil(plan.tileOf(plan.vector), line);
  if (sharing.tiles < lines)
    return {};
  Value own = ahead.flat.offset;
  for (unsigned d : plan.parallel)
    own = add(own, multiply(ivs[d], access.strides[d]));
  // Columns that begin inside a line end in the one where the next ones begin.
  int64_t known = 0;
  for (unsigned d : plan.reduction)
    known |= access.strides[d] % line != 0;
  // A line that is in no first cache costs the second one a read: later tiles
  // ask for what they read themselves.
  Value isFirst = b.createOrFold<arith::CmpIOp>(
      loc, arith::CmpIPredicate::ult, sharing.number, constant(lines));
  Value next = add(ahead.distance,
                   add(multiply(sharing.number, line), constant(known * line)));
  return add(own,
             b.createOrFold<arith::SelectOp>(loc, isFirst, next, constant(0)));
}

/// The tile's part of a piece of memory. Where the tiles are more than a step
/// has elements the last ones ask for what they read themselves; where they are
/// fewer than it has lines, none does.
void TileEmitter::beginPart(ReadAhead &ahead, Value distance, Sharing sharing) {
  const Access &access = ahead.access;
  ahead.first = {};
  if (sharing.tiles * elementsOfLine(access) < ahead.width)
    return;
  const unsigned outer = plan.reduction.front();
  const int64_t steps = access.strides[outer] * access.group / ahead.unit,
                all = steps * (pass ? pass->length : nest.extents[outer]);
  const int64_t share = llvm::divideCeil(ahead.width, sharing.tiles);
  Value part = multiply(sharing.number, all * share);
  // The pass began so far on, not at the pace of its steps.
  if (pass)
    part =
        add(part, multiply(pass->begin, access.strides[outer] * access.group /
                                            ahead.unit * (ahead.unit - share)));
  Value asks = b.createOrFold<arith::CmpIOp>(loc, arith::CmpIPredicate::ult,
                                             multiply(sharing.number, share),
                                             constant(ahead.width));
  auto ifAsks = [&](Value then, Value otherwise) {
    return b.createOrFold<arith::SelectOp>(loc, asks, then, otherwise);
  };
  Value own = ahead.flat.offset;
  for (unsigned d : plan.parallel)
    own = add(own, multiply(ivs[d], access.strides[d] * access.group));
  if (access.hasPanels())
    own = add(own, panelOf(access));
  ahead.first = add(own, ifAsks(add(distance, part), constant(0)));
  ahead.pace = ifAsks(constant(share), constant(ahead.unit));
}

/// The next tile's rows: of the same loop, or of its start. All tiles of the
/// loops inside that one read the same rows.
void TileEmitter::beginRows(ReadAhead &ahead) {
  const Access &access = ahead.access;
  ahead.first = {};
  for (unsigned level = plan.parallel.size(); level-- > 0;) {
    unsigned d = plan.parallel[level];
    int64_t size = plan.tileOf(d), extent = nest.extents[d];
    int64_t stride = access.strides[d] * access.group;
    if (extent <= size || !stride)
      continue;
    Value isLast = b.createOrFold<arith::CmpIOp>(
        loc, arith::CmpIPredicate::uge, ivs[d], constant(extent - size));
    Value distance = b.createOrFold<arith::SelectOp>(
        loc, isLast, multiply(ivs[d], -stride), constant(size * stride));
    return beginPart(ahead, distance, tilesFrom(level + 1));
  }
}

/// At the beginning of a tile.
void TileEmitter::beginReadAhead() {
  for (ReadAhead &ahead : readAhead) {
    ahead.pace = constant(1);
    if (ahead.isOwn) {
      ahead.first = add(ahead.flat.offset, ahead.distance);
      for (unsigned d : plan.parallel)
        ahead.first =
            add(ahead.first,
                multiply(ivs[d], ahead.access.strides[d] * ahead.access.group));
    } else if (!ahead.distance)
      beginRows(ahead);
    else if (ahead.width)
      beginPart(ahead, ahead.distance, tilesFrom(plan.panelLevel + 1));
    else
      ahead.first = nextColumns(ahead, tilesFrom(plan.panelLevel + 1));
  }
}

/// In each step of the sums.
void TileEmitter::askForNext() {
  for (const ReadAhead &ahead : readAhead) {
    if (!ahead.first)
      continue;
    const Access &access = ahead.access;
    Value walked = constant(0);
    for (unsigned d : plan.reduction)
      walked = add(walked, multiply(ivs[d], access.strides[d] * access.group /
                                                ahead.unit));
    Value index = add(ahead.first,
                      b.createOrFold<arith::MulIOp>(loc, walked, ahead.pace));
    b.create<memref::PrefetchOp>(loc, ahead.flat.buffer, index,
                                 /*isWrite=*/false, /*localityHint=*/2,
                                 /*isDataCache=*/true);
  }
}

} // namespace mg::codegen
