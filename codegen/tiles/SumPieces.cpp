//===- SumPieces.cpp - what a tile does between pieces of its sums --------===//
//
// A tile's sums are one long loop that leaves the way to memory idle, and what
// surrounds it waits for just that: a panel that is copied, results whose lines
// are fetched to be written, a residual that is added to them. So the loop is
// cut into pieces, and a part of all this is done before each:
//
//   copy panel n                  for p in 8:
//   for all tiles of n:             ask for the lines of row p of the results
//     for k in steps                ask for rows of n + 1, copy those that a
//       sums += ..           ->       piece before asked for
//     results = sums                for k in piece p: sums += ..
//                                 results = sums
//
// In small parts only: requests wait in the few buffers of the first cache, and
// what the sums read of the second one waits behind them. A row that was not
// asked for a piece earlier holds up the sums for as long as it takes to come.
//
//===----------------------------------------------------------------------===//
#include "codegen/nests/BufferRegions.h"
#include "codegen/nests/CopyNest.h"
#include "codegen/tiles/TileEmitter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;

namespace mg::codegen {

static constexpr int64_t lineBytes = 64;

bool TileEmitter::asksBeside() const { return plan.asksBeside && isLastPass; }

bool TileEmitter::isInPieces(int64_t count) const {
  return (plan.asksForResults || asksBeside() || nextPanel) &&
         plan.reduction.size() == 1 && !plan.isRowStyle() &&
         count >= minSumSteps;
}

/// `count` steps of the innermost reduction loop, from `begin`.
TileEmitter::Values TileEmitter::stepsInPieces(Tile tile, Value begin,
                                               int64_t count,
                                               Values accumulators) {
  const int64_t length = llvm::divideCeil(count, sumPieces);
  const unsigned d = plan.reduction.back();
  auto piece = [&](Value from, ValueRange in) {
    Value number = b.createOrFold<arith::DivUIOp>(loc, from, constant(length));
    Value row =
        b.createOrFold<arith::MinUIOp>(loc, number, constant(tile.rows - 1));
    if (plan.asksForResults)
      askForResults(tile, row);
    if (asksBeside())
      askBeside(tile, row);
    if (nextPanel)
      copyAhead(number);
    Value end = add(from, constant(length));
    if (count % length)
      end = b.createOrFold<arith::MinUIOp>(loc, end, constant(count));
    return loop(from, end, 1, in, [&](Value iv, ValueRange sums) {
      ivs[d] = add(begin, iv);
      askForNext();
      return step(tile, sums);
    });
  };
  return loop(0, count, length, accumulators, piece);
}

/// Asks for all lines of `width` elements from `index` on, which begin anywhere
/// in a line where a step of the loop does.
void TileEmitter::askForLines(const Access &access, Value buffer, Value index,
                              int64_t width, unsigned loop, bool isWrite) {
  Type element = getElementTypeOrSelf(buffer.getType());
  const int64_t line = lineBytes * 8 / element.getIntOrFloatBitWidth();
  if (access.strides[loop] % line)
    width += line - 1;
  for (int64_t at = 0; at < width; at += line)
    b.create<memref::PrefetchOp>(loc, buffer, add(index, constant(at)), isWrite,
                                 /*localityHint=*/3, /*isDataCache=*/true);
}

//===----------------------------------------------------------------------===//
// What the tile writes, and reads at its end
//===----------------------------------------------------------------------===//

/// Asks for the lines of one row of the tile, or of one so many elements on.
void TileEmitter::askForRow(const Access &access, const Flat &flat, Tile tile,
                            Value row, bool isWrite, int64_t ahead) {
  if (!hasOwnLines(access, plan))
    return;
  Value index = flat.offset;
  for (unsigned d = 0; d < nest.size(); ++d)
    if (!nest.reduction[d])
      index = add(index, multiply(ivs[d], access.strides[d]));
  index = add(index, multiply(row, access.strides[plan.row]));
  if (ahead)
    index = add(index, constant(ahead));
  askForLines(access, flat.buffer, index,
              (tile.vecs - 1) * plan.lanes + tile.last, plan.row, isWrite);
}

/// What will be written of a row of the tile, several times perhaps.
void TileEmitter::askForResults(Tile tile, Value row, int64_t ahead) {
  SmallVector<const Access *> asked;
  auto ask = [&](const Access &access, const Flat &flat) {
    if (llvm::none_of(asked, [&](const Access *other) {
          return isSameElement(*other, access);
        }))
      askForRow(access, flat, tile, row, /*isWrite=*/true, ahead);
    asked.push_back(&access);
  };
  for (auto [o, access] : llvm::enumerate(nest.outputs))
    ask(access, flats[nest.inputs.size() + o]);
  for (TileEmitter &stage : stages)
    for (auto [o, access] : llvm::enumerate(stage.nest.outputs))
      ask(access, stage.flats[stage.nest.inputs.size() + o]);
}

/// What epilogues will read beside the sums.
void TileEmitter::askBeside(Tile tile, Value row) {
  for (TileEmitter &stage : stages)
    for (auto [i, access] : llvm::enumerate(stage.nest.inputs))
      askForRow(access, stage.flats[i], tile, row, /*isWrite=*/false);
}

/// The latter for all rows at once, where sums are windows or too short for
/// pieces. Results that were asked for, too, would be in their way; those of
/// the tile after all rows are not.
void TileEmitter::askAtOnce(Tile tile) {
  if (plan.asksForNext)
    for (int64_t row = 0; row < tile.rows; ++row)
      askForResults(tile, constant(row), plan.tileOf(plan.vector));
  if (!asksBeside())
    return;
  const int64_t steps = pass && plan.reduction.size() == 1
                            ? pass->length
                            : nest.extents[plan.reduction.back()];
  if (!isInPieces(steps))
    for (int64_t row = 0; row < tile.rows; ++row)
      askBeside(tile, constant(row));
}

//===----------------------------------------------------------------------===//
// The next panel
//===----------------------------------------------------------------------===//

/// Tiles of a chunk of rows would copy a part of it only.
bool TileEmitter::copiesAhead() const {
  return plan.copiesAhead &&
         (plan.chunks == 1 || plan.split <= plan.panelLevel);
}

/// A pair of panels, of which every other one is used, and the one in between
/// is made. The first one is whole before its tiles begin, as is the last one
/// where it is narrower than others.
void TileEmitter::packPair(Access &panel, int64_t size, Tile tile) {
  const Access &input = nest.inputs[plan.packed];
  const unsigned d = plan.vector;
  const int64_t width = plan.tileOf(d);
  Value number = b.createOrFold<arith::DivUIOp>(loc, ivs[d], constant(width));
  Value isOdd = b.createOrFold<arith::AndIOp>(loc, number, constant(1));
  panel.start = multiply(isOdd, size);
  NextPanel next{panel};
  if (plan.packed == nest.computed) {
    next.producer = nest.producer;
  } else {
    next.body = createCopyBody(b, loc, input.element);
    next.producer = {next.body.get(), {input}};
  }
  if (!panels)
    return copyToPanel(next.producer, panel, tile, All);
  using P = arith::CmpIPredicate;
  {
    Value isFirst =
        b.createOrFold<arith::CmpIOp>(loc, P::eq, ivs[d], panels->begin);
    auto ifFirst = b.create<scf::IfOp>(loc, isFirst);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(ifFirst.thenBlock());
    copyToPanel(next.producer, panel, tile, All);
  }
  next.exists = b.createOrFold<arith::CmpIOp>(
      loc, P::ult, add(ivs[d], constant(width)), panels->end);
  next.panel.start = add(constant(size), multiply(panel.start, -1));
  for (const Access &source : next.producer.inputs)
    next.flats.push_back(flatten(source));
  nextPanel = std::move(next);
}

/// Asks for a row of what the next panel is made of.
void TileEmitter::askForSource(Value row) {
  for (auto [source, flat] :
       llvm::zip_equal(nextPanel->producer.inputs, nextPanel->flats)) {
    if (!flat.buffer || source.strides[plan.vector] != 1)
      continue;
    const int64_t width = plan.tileOf(plan.vector);
    Value index = add(flat.offset, constant(width));
    for (unsigned d = 0; d < nest.size(); ++d)
      index = add(
          index, multiply(nest.reduction[d] ? row : ivs[d], source.strides[d]));
    askForLines(source, flat.buffer, index, width, plan.reduction.back(),
                /*isWrite=*/false);
  }
}

/// The tile's part of the next panel before a piece of its sums.
void TileEmitter::copyAhead(Value piece) {
  const unsigned d = plan.reduction.back();
  const int64_t rows = nest.extents[d];
  auto [tiles, number] = tilesFrom(plan.panelLevel + 1);
  const int64_t count = llvm::divideCeil(rows, tiles * sumPieces);
  Value begin = multiply(add(multiply(number, sumPieces), piece), count);
  Value end = b.createOrFold<arith::MinUIOp>(loc, add(begin, constant(count)),
                                             constant(rows));
  end = b.createOrFold<arith::SelectOp>(loc, nextPanel->exists, end, begin);
  loop(begin, end, 1, {}, [&](Value row, ValueRange) -> Values {
    askForSource(add(row, constant(count)));
    Access target = nextPanel->panel;
    target.start = add(target.start, multiply(row, target.strides[d]));
    copyToPanel(nextPanel->producer, target, fullTile(), All, row);
    return {};
  });
}

} // namespace mg::codegen
