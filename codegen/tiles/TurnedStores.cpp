//===- TurnedStores.cpp - tiles that lie across their output --------------===//
//
// A convolution's lanes run along its output channels, which lie far apart in
// an NCHW image; the tile's rows are neighbours in it. Lane by lane, a tile of
// 8 x 16 floats were 128 stores of one float. Instead four rows at a time are
// turned by two stages of interleaving inside 128-bit quarters: seen as bits of
// an index, (row, element of the quarter) is rotated by one bit per stage. Then
// each quarter holds four neighbours. Shuffles inside quarters need no vectors
// of indices, for which the sums leave no registers.
//
// Where as many rows as the lanes are apart make the tile, as the phases of a
// transposed convolution do, they are interleaved to whole vectors.
//
//===----------------------------------------------------------------------===//
#include "codegen/tiles/TileEmitter.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

#include <utility>

using namespace mlir;

namespace mg::codegen {

bool TileEmitter::isTurned(unsigned output) const {
  const Access &access = nest.outputs[output];
  if (turnedRows <= 1 || !access.isLinear() || access.strides[plan.row] != 1)
    return false;
  return isInterleaved(output) ||
         (plan.lanes * access.element.getIntOrFloatBitWidth() >= 128 &&
          std::abs(access.strides[plan.vector]) > 1);
}

bool TileEmitter::isInterleaved(unsigned output) const {
  return plan.interleaves &&
         interleavedLoop(nest, nest.outputs[output], plan.vector) == plan.row;
}

/// As many rows as a quarter has elements to vectors whose quarters hold one
/// lane of all rows each: lane q * size + i is quarter q of vector i.
static SmallVector<Value> turn(OpBuilder &b, Location loc,
                               SmallVector<Value> rows, int64_t lanes) {
  const int64_t size = rows.size(), half = size / 2;
  SmallVector<int64_t> lower, upper;
  for (int64_t quarter = 0; quarter < lanes; quarter += size)
    for (int64_t i = 0; i < half; ++i) {
      lower.append({quarter + i, lanes + quarter + i});
      upper.append({quarter + half + i, lanes + quarter + half + i});
    }
  for (int64_t stage = 1; stage < size; stage *= 2) {
    SmallVector<Value> next;
    for (int64_t i = 0; i < half; ++i)
      for (const SmallVector<int64_t> &order : {lower, upper})
        next.push_back(
            b.create<vector::ShuffleOp>(loc, rows[i], rows[i + half], order));
    rows = std::move(next);
  }
  return rows;
}

/// `valid` elements of a piece.
static void storePiece(OpBuilder &b, Location loc, Value piece, Value buffer,
                       Value index, int64_t valid) {
  auto type = cast<VectorType>(piece.getType());
  if (valid == type.getNumElements()) {
    b.create<vector::StoreOp>(loc, piece, buffer, index);
    return;
  }
  Value mask = b.create<vector::ConstantMaskOp>(loc, type.clone(b.getI1Type()),
                                                b.getI64ArrayAttr({valid}));
  b.create<vector::MaskedStoreOp>(loc, buffer, index, mask, piece);
}

/// The first elements of all rows, then the second ones, and so on; a power of
/// two of rows.
static Value interleaved(OpBuilder &b, Location loc, ArrayRef<Value> rows) {
  if (rows.size() == 1)
    return rows.front();
  SmallVector<Value> even, odd;
  for (auto [i, row] : llvm::enumerate(rows))
    (i % 2 ? odd : even).push_back(row);
  return b.create<vector::InterleaveOp>(loc, interleaved(b, loc, even),
                                        interleaved(b, loc, odd));
}

void TileEmitter::storeInterleaved(unsigned output, Place place,
                                   ArrayRef<Value> values) {
  const unsigned operand = nest.inputs.size() + output;
  const Value whole = interleaved(b, loc, values),
              index = elementIndex(operand, {0, place.vec, place.valid});
  const int64_t end = place.valid * int64_t(values.size());
  for (int64_t at = 0; at < end; at += plan.lanes) {
    Value piece = b.create<vector::ExtractStridedSliceOp>(
        loc, whole, ArrayRef{at}, ArrayRef{plan.lanes}, ArrayRef{int64_t(1)});
    storePiece(b, loc, piece, flats[operand].buffer, add(index, constant(at)),
               std::min(plan.lanes, end - at));
  }
}

void TileEmitter::storeTurned(unsigned output, Place place,
                              ArrayRef<Value> values) {
  if (isInterleaved(output))
    return storeInterleaved(output, place, values);
  const Access &access = nest.outputs[output];
  const int64_t size = 128 / access.element.getIntOrFloatBitWidth();
  const unsigned operand = nest.inputs.size() + output;
  const Value index = elementIndex(operand, {0, place.vec, place.valid});
  SmallVector<SmallVector<Value>> groups;
  const int64_t rows = values.size();
  for (int64_t row = 0; row < rows; row += size) {
    SmallVector<Value> group(values.slice(row, std::min(size, rows - row)));
    group.resize(size, group.back());
    groups.push_back(turn(b, loc, group, plan.lanes));
  }
  // A line's pieces one after the other: it may be gone before long.
  for (int64_t lane = 0; lane < place.valid; ++lane)
    for (auto [g, group] : llvm::enumerate(groups)) {
      Value piece = b.create<vector::ExtractStridedSliceOp>(
          loc, group[lane % size], ArrayRef{lane / size * size}, ArrayRef{size},
          ArrayRef{int64_t(1)});
      const int64_t row = g * size;
      Value to = constant(lane * access.strides[plan.vector] + row);
      storePiece(b, loc, piece, flats[operand].buffer, add(index, to),
                 std::min(size, rows - row));
    }
}

/// From now on outputs that the tile lies across are written to buffers.
void TileEmitter::park(Tile tile) {
  turnedRows = tile.rows;
  for (unsigned o = 0; o < nest.outputs.size(); ++o)
    if (nest.outputs[o].stored && isTurned(o)) {
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(frame());
      auto type = MemRefType::get({tile.rows * tile.vecs * plan.lanes},
                                  nest.outputs[o].element);
      parked[o] =
          b.create<memref::AllocaOp>(loc, type, b.getI64IntegerAttr(64));
    }
  turnedRows = 0;
}

void TileEmitter::storeParked(Tile tile) {
  for (auto [o, buffer] : std::exchange(parked, {}))
    for (int64_t vec = 0; vec < tile.vecs; ++vec) {
      Values rows;
      for (int64_t row = 0; row < tile.rows; ++row)
        rows.push_back(
            loadVector(nest.outputs[o].element, buffer,
                       constant((row * tile.vecs + vec) * plan.lanes)));
      int64_t valid = vec + 1 == tile.vecs ? tile.last : plan.lanes;
      storeTurned(o, {0, vec, valid}, rows);
    }
}

/// Stores what the tile's vectors have left in `turned`.
void TileEmitter::finishTurned() {
  for (auto &[key, values] : turned)
    storeTurned(key.first, {0, key.second, turnedValid[key.second]}, values);
  turned.clear();
  turnedRows = 0;
}

} // namespace mg::codegen
