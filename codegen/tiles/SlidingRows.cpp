//===- SlidingRows.cpp - rows of a tile that share taps -------------------===//
//
// Rows of a depthwise convolution share no vector as a whole, for each reads
// others at each tap. But what row h reads at tap k it shares with row h + 1 at
// tap k - 1: a window that slides from row to row. All taps of a few rows are
// written out in the order of what they read,
//
//   x[h]:     y[h] += w0 x[h]
//   x[h+1]:   y[h] += w1 x[h+1] ; y[h+1] += w0 x[h+1]
//   x[h+2]:   y[h] += w2 x[h+2] ; y[h+1] += w1 x[h+2] ; y[h+2] += w0 x[h+2]
//
// so that each vector is loaded once and stays in a register no longer than it
// is used. Every sum has its own order still.
//
//===----------------------------------------------------------------------===//
#include "codegen/tiles/TileEmitter.h"

#include <limits>

using namespace mlir;

namespace mg::codegen {

//===----------------------------------------------------------------------===//
// The plan
//===----------------------------------------------------------------------===//

/// Sums of a tile: with more, LLVM loads more ahead than there are registers.
static constexpr int64_t mostSums = 4;

namespace {
struct SlidingTile {
  const LoopNest &nest;
  const VectorPlan &plan;
  unsigned input;
  int row;
  int64_t taps;

  struct Size {
    int64_t rows = 1, vecs = 1;
    /// Of one vector.
    double cycles = std::numeric_limits<double>::infinity();
  };

  /// Different vectors that so many rows read in one column.
  int64_t loads(int64_t rows) const;
  double tileCycles(int64_t rows, int64_t vecs) const;
  Size choose() const;
};
} // namespace

int64_t SlidingTile::loads(int64_t rows) const {
  const Access &access = nest.inputs[input];
  SmallVector<int64_t> places = {0};
  const auto walk = [&](unsigned d, int64_t extent) {
    SmallVector<int64_t> all;
    for (int64_t place : places)
      for (int64_t i = 0; i < extent; ++i)
        all.push_back(place + i * access.strides[d]);
    places = all;
  };
  for (unsigned d : plan.reduction)
    walk(d, nest.extents[d]);
  walk(row, rows);
  llvm::sort(places);
  return std::unique(places.begin(), places.end()) - places.begin();
}

/// Cycles of all taps: two multiply-adds in each; a load, as most cross a line;
/// two loads of a factor.
double SlidingTile::tileCycles(int64_t rows, int64_t vecs) const {
  if (rows == 0 || vecs == 0)
    return 0;
  constexpr double around = 4;
  return std::max(rows * vecs * taps / 2.0, loads(rows) * vecs + taps / 2.0) +
         around;
}

SlidingTile::Size SlidingTile::choose() const {
  SlidingTile::Size best;
  const int64_t m = nest.extents[row],
                n = llvm::divideCeil(nest.extents[plan.vector], plan.lanes),
                most = std::min(maxUnrolled / taps, mostSums);
  for (int64_t rows = 1; rows <= std::min(m, most); ++rows)
    for (int64_t vecs = 1; vecs <= std::min(n, most / rows); ++vecs) {
      const double cycles =
          double(m / rows) * (n / vecs) * tileCycles(rows, vecs) +
          double(m / rows) * tileCycles(rows, n % vecs) +
          double(n / vecs) * tileCycles(m % rows, vecs) +
          tileCycles(m % rows, n % vecs);
      if (cycles <= best.cycles)
        best = {rows, vecs, cycles};
    }
  best.cycles /= m * n;
  return best;
}

bool planSliding(const LoopNest &nest, VectorPlan &plan) {
  const int input = chooseLaneInput(nest, plan.vector);
  int64_t taps = 1;
  for (unsigned d : plan.reduction)
    taps *= nest.extents[d];
  if (input < 0 || 2 * taps > maxUnrolled || nest.panels() ||
      nest.computed >= 0 || nest.range.loop >= 0)
    return false;
  SlidingTile::Size best;
  for (unsigned d : plan.parallel) {
    const bool isAlone =
        llvm::all_of(llvm::enumerate(nest.inputs), [&](auto entry) {
          return int(entry.index()) == input || !entry.value().strides[d];
        });
    if (int(d) == plan.vector || !isAlone || !nest.inputs[input].strides[d])
      continue;
    SlidingTile::Size tile =
        SlidingTile{nest, plan, unsigned(input), int(d), taps}.choose();
    if (tile.cycles >= best.cycles)
      continue;
    best = tile;
    plan.row = d;
    plan.sliding = input;
  }
  plan.rows = best.rows;
  plan.vecs = best.vecs;
  return plan.row >= 0;
}

//===----------------------------------------------------------------------===//
// The taps
//===----------------------------------------------------------------------===//

namespace {
/// A step of the reduction for one row.
struct Tap {
  SmallVector<int64_t> indices;
  int64_t row, place;
};
} // namespace

/// All steps of all rows, in the order of what they read where that keeps each
/// row's.
static SmallVector<Tap, 0> orderTaps(const LoopNest &nest,
                                     const VectorPlan &plan, int64_t rows) {
  const Access &access = nest.inputs[plan.sliding];
  SmallVector<Tap, 0> taps = {{{}, 0, 0}};
  for (unsigned d : plan.reduction) {
    SmallVector<Tap, 0> all;
    for (const Tap &tap : taps)
      for (int64_t i = 0; i < nest.extents[d]; ++i) {
        all.push_back(tap);
        all.back().indices.push_back(i);
        all.back().place += i * access.strides[d];
      }
    taps = std::move(all);
  }
  const auto isBefore = [](const Tap &a, const Tap &b) {
    return a.place < b.place;
  };
  const bool isSorted = llvm::is_sorted(taps, isBefore);
  SmallVector<Tap, 0> all;
  for (const Tap &tap : taps)
    for (int64_t row = 0; row < rows; ++row)
      all.push_back(
          {tap.indices, row, tap.place + row * access.strides[plan.row]});
  if (isSorted)
    llvm::stable_sort(all, isBefore);
  return all;
}

TileEmitter::Values TileEmitter::slide(Tile tile, Values accumulators) {
  llvm::DenseMap<std::pair<int64_t, int64_t>, Value> loaded;
  tileRows = tile.rows;
  for (const Tap &tap : orderTaps(nest, plan, tile.rows)) {
    for (auto [d, index] : llvm::zip_equal(plan.reduction, tap.indices))
      ivs[d] = constant(index);
    seen.clear();
    bases.clear();
    const auto valueAt = [&](int64_t vec) -> Value & {
      return seen[{unsigned(plan.sliding), tap.row, vec}];
    };
    for (int64_t vec = 0; vec < tile.vecs; ++vec)
      if (Value value = loaded.lookup({tap.place, vec}))
        valueAt(vec) = value;
    stepInRow(tile, tap.row, accumulators);
    for (int64_t vec = 0; vec < tile.vecs; ++vec)
      loaded[{tap.place, vec}] = valueAt(vec);
  }
  for (unsigned d : plan.reduction)
    ivs[d] = constant(0);
  return accumulators;
}

} // namespace mg::codegen
