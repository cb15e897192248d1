//===- PackedRows.cpp - a left operand in the order of its use ------------===//
//
// See PackedRows.h.
//
//===----------------------------------------------------------------------===//
#include "codegen/tiles/PackedRows.h"

#include "codegen/nests/CopyNest.h"
#include "codegen/tiles/TileEmitter.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;

namespace mg::codegen {

static constexpr int64_t lineBytes = 64;
/// Steps whose lines the first cache keeps even where they share its sets.
static constexpr int64_t minSteps = 64;
/// Cycles per piece of a line, about (measured): of the copy; and of a step of
/// the sums whose line comes from the second cache, and from further or from a
/// page of its own.
static constexpr double copyCycles = 8, nearCycles = 1, farCycles = 4;
static constexpr int64_t pageBytes = 4096;
/// What the second cache holds of all operands.
static int64_t cacheBytes(int64_t nativeLanes) {
  return nativeLanes == 16 ? 2 << 20 : 512 << 10;
}
/// The tiles are memory of their own.
static constexpr int64_t maxBytes = 32 << 20;
/// Tiles lower than this load as much as they compute.
static constexpr int64_t minRows = 4;
/// Rows of which those that fill no tile are few.
static constexpr int64_t manyRows = 128;

static int64_t bytesOf(const Access &access) {
  return access.element.getIntOrFloatBitWidth() / 8;
}

/// Rows of a tile, of equal ones best; 0: too few rows.
static int64_t chooseRows(int64_t extent, int64_t planned) {
  for (int64_t rows : {planned, int64_t(8), int64_t(7), int64_t(6), int64_t(5)})
    if (rows >= minRows && extent % rows == 0)
      return rows;
  return extent >= manyRows && planned >= minRows ? planned : 0;
}

/// What each step of a tile waits for its line of the input, of which its rows
/// use a piece.
double PackedRows::waitOf(const Access &access) const {
  int64_t steps = 1;
  for (unsigned d : plan.reduction)
    if (access.strides[d])
      steps *= nest.extents[d];
  int64_t stride =
      std::abs(access.strides[plan.reduction.back()]) * bytesOf(access);
  int64_t bytes = sizeOf(nest.outputs[0]);
  for (const Access &other : nest.inputs)
    bytes += sizeOf(other);
  if (steps < minSteps)
    return 0;
  // Rows of their own, of each of whose lines the steps use a few elements.
  if (access.strides[plan.row] != 1)
    return stride > bytesOf(access) && bytes >= cacheBytes(plan.nativeLanes)
               ? farCycles * double(rows) *
                     double(std::min(stride, lineBytes)) / lineBytes
               : 0;
  if (stride < lineBytes)
    return 0;
  return stride >= pageBytes || bytes >= cacheBytes(plan.nativeLanes)
             ? farCycles
             : nearCycles;
}

/// How many tiles read each element.
double PackedRows::usesOf(const Access &access) const {
  double uses = double(nest.extents[plan.vector]) / (plan.vecs * plan.lanes);
  for (unsigned d : plan.parallel)
    if (int(d) != plan.vector && !access.strides[d])
      uses *= nest.extents[d];
  return uses;
}

/// Bytes of all tiles: what the loops read, windows as often as they do.
int64_t PackedRows::sizeOf(const Access &access) const {
  if (access.isScalar() || !access.isLinear())
    return 0;
  int64_t size = bytesOf(access);
  for (unsigned d = 0; d < nest.size(); ++d)
    if (access.strides[d])
      size *= nest.extents[d];
  return size;
}

PackedRows::PackedRows(const LoopNest &nest, const VectorPlan &plan)
    : nest(nest), plan(plan) {
  if (!nest.contraction || plan.vector < 0 || plan.isRowStyle() ||
      plan.row < 0 || plan.reduction.empty() || nest.range.loop >= 0 ||
      nest.indexed[plan.row])
    return;
  int64_t extent = nest.extents[plan.row];
  rows = chooseRows(extent, plan.rows);
  if (rows == 0 || extent < 2 * rows)
    return;
  tiles = extent / rows;
  for (auto [i, access] : llvm::enumerate(nest.inputs))
    if (!access.isScalar() && access.isLinear() &&
        !access.strides[plan.vector] &&
        usesOf(access) * waitOf(access) > copyCycles &&
        sizeOf(access) <= maxBytes)
      input = i;
}

/// All rows that fill tiles: the loop over the rows counts these, and the last
/// loop is inside one.
LoopNest PackedRows::tiled() const {
  LoopNest part = nest;
  part.extents[plan.row] = tiles;
  part.extents.push_back(rows);
  part.reduction.push_back(false);
  part.indexed.push_back(false);
  for (Access *access : part.accesses()) {
    int64_t stride = access->strides[plan.row];
    access->strides.push_back(stride);
    access->strides[plan.row] = stride * rows;
  }
  return part;
}

/// The tiles: what moves the input in parallel, tiles, sums, rows.
Access PackedRows::layOut(OpBuilder &b, const LoopNest &tiled) const {
  const Access &from = tiled.inputs[input];
  Access to{{}, from.element, SmallVector<int64_t>(tiled.size(), 0)};
  int64_t size = 1;
  auto lay = [&](unsigned d) {
    if (!from.strides[d])
      return;
    to.strides[d] = size;
    size *= tiled.extents[d];
  };
  lay(tiled.size() - 1);
  for (unsigned d : llvm::reverse(plan.reduction))
    lay(d);
  size += lineBytes / bytesOf(from);
  lay(plan.row);
  for (unsigned d : llvm::reverse(plan.parallel))
    if (int(d) != plan.row)
      lay(d);
  to.buffer =
      b.create<memref::AllocOp>(nest.loc, MemRefType::get({size}, to.element));
  return to;
}

/// The rows that fill no tile.
LoopNest PackedRows::rest() const {
  LoopNest last = nest;
  last.extents[plan.row] -= tiles * rows;
  for (Access *access : last.accesses())
    access->offset += tiles * rows * access->strides[plan.row];
  return last;
}

void PackedRows::emit(OpBuilder &b, int64_t chunkGrain) {
  auto planned = [&](const LoopNest &part,
                     std::optional<unsigned> row = std::nullopt) {
    return planVectors(part, {plan.nativeLanes, plan.registers}, chunkGrain,
                       row);
  };
  LoopNest main = tiled();
  Access packed = layOut(b, main);
  std::unique_ptr<Block> body = createCopyBody(b, nest.loc, packed.element);
  LoopNest fill = buildCopy(main, main.inputs[input], packed, body.get());
  VectorPlan fillPlan = planned(fill);
  // In the order of what is read: whole rows of it.
  auto first = fillPlan.parallel.begin() + (fillPlan.chunks > 1 ? 1 : 0);
  llvm::stable_sort(llvm::make_range(first, fillPlan.parallel.end()),
                    [&](unsigned x, unsigned y) {
                      ArrayRef<int64_t> strides = fill.inputs[0].strides;
                      return std::abs(strides[x]) > std::abs(strides[y]);
                    });
  TileEmitter(b, fill, fillPlan).emit();
  main.inputs[input] = packed;
  VectorPlan mainPlan = planned(main, main.size() - 1);
  // A tile as good as that for all rows is none for those of one.
  if (rows == plan.rows && mainPlan.row + 1 == int(main.size()) &&
      mainPlan.vector == plan.vector && !mainPlan.depth && !plan.depth) {
    mainPlan.rows = rows;
    mainPlan.vecs = plan.vecs;
  }
  TileEmitter(b, main, mainPlan).emit();
  if (tiles * rows < nest.extents[plan.row]) {
    LoopNest last = rest();
    TileEmitter(b, last, planned(last)).emit();
  }
}

} // namespace mg::codegen
