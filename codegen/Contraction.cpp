//===- Contraction.cpp - the register tile of a dot or convolution --------===//
//
// c[m,n] += a[m,k] * b[k,n]: the lanes run along n, where b and c are
// contiguous; `rows` of m reuse each vector of b, `vecs` vectors of n reuse
// each broadcast of a, and all rows * vecs sums stay in registers over the
// whole of k. In a convolution n is the image's last dimension and m the output
// channel.
//
//===----------------------------------------------------------------------===//
#include "codegen/TileEmitter.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"

#include <memory>

using namespace mlir;

namespace mg::codegen {

/// More rows of a matrix whose stride is a multiple of 4 KiB share too few sets
/// of an 8-way L1 (measured: 14 rows 88 GF/s, 6 to 8 rows 109 to 116).
static constexpr int64_t maxRows = 8;
/// Sums in flight that hide the latency of an FMA: 4 cycles, 2 per cycle.
static constexpr int64_t minSums = 8;

/// Cycles for all tiles of a rows x vecs register tile over m x n vectors, per
/// step of k: FMAs, loads, or the latency.
static double tileCost(int64_t m, int64_t n, int64_t rows, int64_t vecs) {
  auto one = [](int64_t r, int64_t v) {
    if (r == 0 || v == 0)
      return 0.0;
    return std::max({double(r * v), double(r + v), double(minSums)}) / 2 + 0.25;
  };
  return double(m / rows) * (n / vecs) * one(rows, vecs) +
         double(m / rows) * one(rows, n % vecs) +
         double(n / vecs) * one(m % rows, vecs) + one(m % rows, n % vecs);
}

/// The parallel loop whose rows share the vectors: one operand moves along it,
/// the one with the lanes does not.
static int chooseRowLoop(const LoopNest &nest, int vector) {
  int choice = -1;
  for (unsigned d = 0; d < nest.size(); ++d) {
    if (nest.reduction[d] || int(d) == vector)
      continue;
    bool shared = llvm::all_of(nest.inputs, [&](const Access &access) {
      return access.isLinear() &&
             (!access.strides[d] || !access.strides[vector]);
    });
    if (shared && (choice < 0 || nest.extents[d] > nest.extents[choice]))
      choice = d;
  }
  return choice;
}

/// Rows that pay for the copy of a panel.
static constexpr int64_t minPackedRows = 32;
/// Below this a matrix with long rows stays in the second cache as it is.
static constexpr int64_t maxUnpackedBytes = 256 << 10;

/// The input along whose elements the lanes run; -1 if there is none or more.
static int chooseLaneInput(const LoopNest &nest, unsigned vector) {
  int choice = -1;
  for (auto [i, access] : llvm::enumerate(nest.inputs)) {
    if (access.isScalar() || !access.isLinear())
      return -1;
    if (!access.strides[vector])
      continue;
    if (choice >= 0)
      return -1;
    choice = i;
  }
  return choice;
}

bool canPack(const LoopNest &nest, unsigned loop) {
  if (!nest.contraction || nest.reduction[loop] ||
      chooseLaneInput(nest, loop) < 0)
    return false;
  int row = chooseRowLoop(nest, loop);
  return row >= 0 && nest.extents[row] >= minPackedRows;
}

/// Whether the vectors of `input` are too scattered to be loaded from where
/// they are: not contiguous, or in long rows of a large matrix, which fall on
/// few sets of the cache.
static bool isScattered(const LoopNest &nest, const Access &input,
                        unsigned vector) {
  if (input.strides[vector] != 1)
    return true;
  int64_t bytes = input.element.getIntOrFloatBitWidth() / 8;
  for (unsigned d = 0; d < nest.size(); ++d)
    if (int64_t(d) == vector || nest.reduction[d])
      bytes *= nest.extents[d];
  return bytes > maxUnpackedBytes;
}

void planContraction(const LoopNest &nest, int64_t nativeLanes,
                     VectorPlan &plan) {
  if (plan.isRowStyle())
    return;
  plan.row = chooseRowLoop(nest, plan.vector);
  int64_t m = plan.row < 0 ? 1 : nest.extents[plan.row];
  int64_t n = llvm::divideCeil(nest.extents[plan.vector], plan.lanes);
  int64_t registers = nativeLanes == 16 ? 32 : 16;
  double best = std::numeric_limits<double>::infinity();
  for (int64_t rows = 1; rows <= std::min(m, maxRows); ++rows)
    for (int64_t vecs = 1; vecs <= std::min(n, minSums); ++vecs) {
      if (rows * vecs + vecs + 1 > registers)
        continue;
      double cost = tileCost(m, n, rows, vecs);
      if (cost < best) {
        best = cost;
        plan.rows = rows;
        plan.vecs = vecs;
      }
    }
  if (canPack(nest, plan.vector)) {
    int input = chooseLaneInput(nest, plan.vector);
    if (isScattered(nest, nest.inputs[input], plan.vector))
      plan.packed = input;
  }
  // Columns outside rows: a panel of b stays in the cache for all rows.
  llvm::erase(plan.parallel, unsigned(plan.vector));
  plan.parallel.push_back(plan.vector);
  if (plan.row >= 0) {
    llvm::erase(plan.parallel, unsigned(plan.row));
    plan.parallel.push_back(plan.row);
  }
}

//===----------------------------------------------------------------------===//
// Panels
//===----------------------------------------------------------------------===//

/// Yields its first argument.
static std::unique_ptr<Block> createCopyBody(OpBuilder &b, Location loc,
                                             Type type) {
  auto body = std::make_unique<Block>();
  body->addArguments({type, type}, {loc, loc});
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToEnd(body.get());
  b.create<linalg::YieldOp>(loc, body->getArgument(0));
  return body;
}

/// Copies what one tile's columns read of the packed input into a panel of the
/// reduction loops x the tile's width, and makes the nest read the panel. The
/// caller puts the input back after the panel's rows.
void TileEmitter::packPanel(Tile tile) {
  Access &input = nest.inputs[plan.packed];
  int64_t width = plan.vecs * plan.lanes, size = width;
  auto body = createCopyBody(b, loc, input.element);
  LoopNest copy{loc, body.get()};
  Access from{input.buffer, input.element, {}, input.offset};
  Access panel{{}, input.element, SmallVector<int64_t>(nest.size(), 0)};
  from.start = input.start ? input.start : constant(0);
  for (unsigned d = 0; d < nest.size(); ++d)
    if (!nest.reduction[d])
      from.start = add(from.start, multiply(ivs[d], input.strides[d]));

  for (unsigned d : llvm::reverse(plan.reduction)) {
    panel.strides[d] = size;
    size *= nest.extents[d];
  }
  panel.strides[plan.vector] = 1;
  panel.buffer = createPanel(size, input.element);
  Access to{panel.buffer, input.element};
  auto copyLoop = [&](unsigned d, int64_t extent) {
    copy.extents.push_back(extent);
    copy.reduction.push_back(false);
    copy.indexed.push_back(false);
    from.strides.push_back(input.strides[d]);
    to.strides.push_back(panel.strides[d]);
  };
  for (unsigned d : plan.reduction)
    copyLoop(d, nest.extents[d]);
  copyLoop(plan.vector, (tile.vecs - 1) * plan.lanes + tile.last);
  copy.inputs = {from};
  copy.outputs = {to};
  simplify(copy);
  TileEmitter(b, copy, planVectors(copy, plan.nativeLanes, 0)).emit();

  // The panel begins where the tile does.
  flats[plan.packed] = {panel.buffer, multiply(ivs[plan.vector], -1)};
  input = panel;
}

/// One panel for all tiles of a task.
Value TileEmitter::createPanel(int64_t size, Type element) {
  if (!panelBuffer) {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(frame());
    panelBuffer =
        b.create<memref::AllocOp>(loc, MemRefType::get({size}, element));
  }
  return panelBuffer;
}

} // namespace mg::codegen
