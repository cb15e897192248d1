//===- RowKernel.cpp - a kernel as one loop over its rows -----------------===//
//
// See RowKernel.h.
//
//===----------------------------------------------------------------------===//
#include "codegen/rows/RowKernel.h"

#include "codegen/nests/BufferRegions.h"
#include "codegen/nests/Streams.h"
#include "codegen/rows/ColumnSums.h"
#include "codegen/rows/MaskedColumns.h"
#include "codegen/rows/RowBuffers.h"
#include "codegen/rows/RowEpilogues.h"
#include "codegen/tiles/TileEmitter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;

namespace mg::codegen {

//===----------------------------------------------------------------------===//
// The plan
//===----------------------------------------------------------------------===//

/// Iterations of a member inside one row.
static int64_t innerSize(const KernelGroup &group, const LoopNest &nest) {
  int64_t size = 1;
  for (unsigned d = group.rows; d < nest.size(); ++d)
    size *= nest.extents[d];
  return size;
}

/// A row loop along which memory is contiguous where rows themselves are not;
/// -1: none.
static int neighbourRows(const KernelGroup &group) {
  SmallVector<int64_t> votes(group.rows, 0);
  int64_t inside = 0;
  for (const KernelMember &member : group.members) {
    const LoopNest &nest = member.nest;
    int64_t size = innerSize(group, nest);
    auto vote = [&](const Access &access) {
      auto isContiguous = [&](unsigned d) {
        return nest.extents[d] > 1 && std::abs(access.strides[d]) == 1;
      };
      if (access.isScalar() || !access.isLinear() || size == 1)
        return;
      for (unsigned d = group.rows; d < nest.size(); ++d)
        if (isContiguous(d))
          inside += size;
      for (unsigned d = 0; d < group.rows; ++d)
        if (isContiguous(d) &&
            llvm::any_of(ArrayRef(access.strides).drop_front(group.rows),
                         [](int64_t stride) { return stride != 0; }))
          votes[d] += size;
    };
    llvm::for_each(nest.inputs, vote);
    llvm::for_each(nest.outputs, vote);
  }
  auto *most = llvm::max_element(votes);
  return *most > inside ? most - votes.begin() : -1;
}

/// Elements of a tile that stay in the second cache between members.
static constexpr int64_t secondCache = 32 << 10;
/// Elements of a tile of neighbouring rows.
static constexpr int64_t firstCache = 8 << 10;
/// Rows of a contraction: enough to pack a panel for, few enough for the cache.
static constexpr int64_t minContractionRows = 32, maxContractionRows = 64;

/// Elements of the rows that are in flight together, and how many those may be.
static constexpr int64_t inFlight = 4 << 10, maxRowsInFlight = 8;
/// Elements of a kernel that the second cache holds when it runs.
static constexpr int64_t cachedElements = 256 << 10;

/// Whether a register tile is left inside the rows.
static bool isWorthTiling(const KernelGroup &group, const LoopNest &nest) {
  for (unsigned d = group.rows; d < nest.size(); ++d)
    if (!nest.reduction[d] && nest.extents[d] > 1)
      return true;
  return false;
}

static int64_t roundTo(int64_t value, int64_t step, int64_t low, int64_t high) {
  return std::clamp(value / step * step, low, high);
}

static int64_t countTiles(const KernelGroup &group, int64_t tile) {
  int64_t count = llvm::divideCeil(group.rowExtent(group.rows - 1), tile);
  for (unsigned row = 0; row + 1 < group.rows; ++row)
    count *= group.rowExtent(row);
  return count;
}

/// Whether only members see the memory, so that it becomes a few rows.
static bool isLocal(const KernelGroup &group, Value buffer) {
  auto isMember = [&](Operation *op) {
    return llvm::any_of(group.members, [&](const KernelMember &member) {
      return member.op == op;
    });
  };
  return llvm::all_of(buffer.getUsers(), [&](Operation *user) {
    return isMember(user) || (isa<ViewLikeOpInterface>(user) &&
                              isLocal(group, user->getResult(0)));
  });
}

/// Elements that a row has in all arrays that are walked row by row.
static int64_t rowFootprint(const KernelGroup &group) {
  llvm::SmallMapVector<Value, int64_t, 8> sizes;
  for (KernelMember member : group.members)
    for (const Access *access : member.nest.accesses()) {
      ArrayRef<int64_t> strides = access->strides;
      if (access->isScalar() || !access->isLinear() ||
          llvm::all_of(strides.take_front(group.rows),
                       [](int64_t stride) { return stride == 0; }))
        continue;
      int64_t size = 1;
      for (unsigned d = group.rows; d < member.nest.size(); ++d)
        size *= strides[d] ? member.nest.extents[d] : 1;
      int64_t &known = sizes[rootOf(access->buffer)];
      known = std::max(known, size);
    }
  int64_t sum = 0;
  for (auto [root, size] : sizes)
    if (size > 1 &&
        !(root.getDefiningOp<memref::AllocOp>() && isLocal(group, root)))
      sum += size;
  return std::max<int64_t>(sum, 1);
}

/// Element operations of all members inside one row.
static double rowWork(const KernelGroup &group) {
  double work = 0;
  for (const KernelMember &member : group.members)
    work += bodyCost(*member.nest.body) * innerSize(group, member.nest);
  return work;
}

static bool reducesInRow(const KernelGroup &group, const KernelMember &member) {
  return llvm::is_contained(
      ArrayRef(member.nest.reduction).drop_front(group.rows), true);
}

/// A row's sum is complete only after a tree of dependent steps, for which its
/// next member waits; meanwhile the processor may work on other rows, if they
/// are short. But where memory is waited for, several rows make its reads and
/// writes come in bursts: then only few, and only if there is much to compute.
static int64_t mostInFlight(const KernelGroup &group, int64_t count) {
  if (llvm::none_of(group.members, [&](const KernelMember &member) {
        return reducesInRow(group, member);
      }))
    return 1;
  int64_t footprint = rowFootprint(group), most = inFlight / footprint;
  if (count * footprint > cachedElements) {
    if (rowWork(group) <= lightBody * footprint)
      return 1;
    most = std::max(most / 2, std::min<int64_t>(most, 2));
  }
  return std::clamp<int64_t>(most, 1, maxRowsInFlight);
}

/// Best a divisor of the rows: a tile of the rest is code as well.
static int64_t rowsInFlight(const KernelGroup &group) {
  int64_t extent = group.rowExtent(group.rows - 1);
  int64_t most = mostInFlight(group, countTiles(group, 1));
  for (int64_t rows = most; 2 * rows > most; --rows)
    if (extent % rows == 0)
      return rows;
  return most;
}

/// False where no tile serves all members.
static bool chooseTile(KernelGroup &group, RowPlan &plan) {
  bool sums = false, contracts = false;
  int64_t inner = 1, scores = 1;
  for (const KernelMember &member : group.members) {
    const LoopNest &nest = member.nest;
    if (member.reducesRows(group.rows)) {
      if (!ColumnSums::isPossible(nest, group.rows))
        return false;
      sums = true;
    } else if (nest.contraction) {
      if (!isWorthTiling(group, nest))
        return false;
      contracts = true;
    } else {
      scores = std::max(scores, innerSize(group, nest));
    }
    inner = std::max(inner, innerSize(group, nest));
  }
  int neighbours = contracts ? -1 : neighbourRows(group);
  if (sums && (contracts || neighbours >= 0))
    return false;
  if (neighbours >= 0) {
    moveRowLast(group, neighbours);
    plan.tile = roundTo(firstCache / inner, 16, 16, 256);
  } else if (contracts) {
    plan.tile = roundTo(secondCache / scores, 8, minContractionRows,
                        maxContractionRows);
    plan.byRow = true;
    plan.maxChunks = maxChunksWithMemory;
  } else if (sums) {
    plan.tile = ColumnSums::blockRows;
    plan.byRow = true;
    plan.maxChunks = maxChunksWithMemory;
  } else {
    plan.tile = rowsInFlight(group);
    plan.minTile = 1;
    plan.byRow = plan.inFlight = true;
  }
  int64_t extent = group.rowExtent(group.rows - 1);
  plan.tile = std::min(plan.tile, extent);
  if (contracts)
    plan.minTile = std::min(minContractionRows, extent);
  else if (!plan.inFlight)
    plan.minTile = plan.tile;
  return true;
}

/// Shares the units out.
static void shareOut(RowPlan &plan) {
  int64_t wanted =
      std::min(wantedChunks(plan.work, plan.grain), plan.maxChunks);
  plan.unitsPerChunk =
      llvm::divideCeil(plan.units, std::min(wanted, plan.units));
  plan.chunks = llvm::divideCeil(plan.units, plan.unitsPerChunk);
}

RowPlan RowPlan::part(Value first, int64_t count) const {
  RowPlan part = *this;
  part.firstUnit = first;
  part.work = work * double(count) / double(units);
  part.units = count;
  shareOut(part);
  return part;
}

std::optional<RowPlan> planRows(KernelGroup &group, int64_t grain) {
  if (!canRunByRows(group))
    return std::nullopt;
  mergeRows(group);
  RowPlan plan;
  if (!chooseTile(group, plan))
    return std::nullopt;
  plan.grain = grain;
  for (const KernelMember &member : group.members)
    plan.work += workOf(member.nest);
  int64_t wanted = std::min(wantedChunks(plan.work, grain), plan.maxChunks);
  plan.units = countTiles(group, plan.tile);
  for (; plan.units < wanted && plan.tile > plan.minTile;
       plan.units = countTiles(group, plan.tile))
    plan.tile = std::max(plan.tile / 2, plan.minTile);
  // Very few long rows are better shared out inside each row.
  if (8 * plan.units <= wanted)
    return std::nullopt;
  shareOut(plan);
  return plan;
}

//===----------------------------------------------------------------------===//
// The loop
//===----------------------------------------------------------------------===//

/// Elements of a row that are worth asking for early.
static constexpr int64_t minPrefetch = 128;

/// Where only one array is read row by row, the last member that reads it asks
/// for its row in the next tile. (With two streams it costs more than it
/// brings.) The result may take its place.
static void prefetchRows(KernelGroup &group, int64_t tile) {
  unsigned row = group.rows - 1;
  Access *last = nullptr;
  llvm::SmallDenseSet<Value> written;
  for (KernelMember &member : group.members) {
    for (Access &access : member.nest.inputs) {
      if (access.isScalar() || !access.isLinear() || !access.strides[row] ||
          written.contains(rootOf(access.buffer)) ||
          innerSize(group, member.nest) < minPrefetch)
        continue;
      if (last && rootOf(last->buffer) != rootOf(access.buffer))
        return;
      last = &access;
    }
    for (Access &access : member.nest.outputs)
      written.insert(rootOf(access.buffer));
  }
  if (last)
    last->prefetch = tile * last->strides[row];
}

namespace {
class RowEmitter {
public:
  RowEmitter(OpBuilder &b, const KernelGroup &given, const RowPlan &plan,
             VectorUnit unit, llvm::function_ref<bool(Operation *)> isErased)
      : b(b), group(given), plan(plan), unit(unit),
        loc(group.members.back().op.getLoc()), masked(group, isErased),
        buffers(group, plan.tile, isErased) {
    if (plan.inFlight)
      prefetchRows(group, plan.tile);
  }
  void emit();

private:
  /// A chunk of units [begin, end).
  void emitChunk(Block *frame, Value chunk, Value begin, Value end);
  void emitUnit(Value unit, Value number);
  void emitTile(ArrayRef<Value> outer, Value begin, int64_t rows, Value number);
  void emitRowByRow(ArrayRef<LoopNest> nests, int64_t rows);
  void emitMember(LoopNest nest);
  /// Holds a row loop to `extent` iterations from `index` on.
  void enter(LoopNest &nest, unsigned loop, Value index, int64_t extent,
             bool locals);

  Value constant(int64_t value) {
    return b.create<arith::ConstantIndexOp>(loc, value);
  }
  Value multiply(Value x, int64_t factor) {
    return b.createOrFold<arith::MulIOp>(loc, x, constant(factor));
  }
  Value add(Value x, Value y) {
    return x ? b.createOrFold<arith::AddIOp>(loc, x, y) : y;
  }

  OpBuilder &b;
  KernelGroup group;
  const RowPlan &plan;
  VectorUnit unit;
  Location loc;
  MaskedColumns masked;
  RowBuffers buffers;
  std::optional<RowEpilogues> epilogues;
  /// By member: a row of zeros of a contraction that leaves columns out.
  llvm::DenseMap<unsigned, Value> zeros;
  /// By member.
  llvm::DenseMap<unsigned, std::unique_ptr<ColumnSums>> sums;
};
} // namespace

void RowEmitter::emit() {
  for (auto [m, member] : llvm::enumerate(group.members)) {
    if (!member.reducesRows(group.rows))
      continue;
    sums[m] = std::make_unique<ColumnSums>(member.nest, unit.lanes, plan.chunks,
                                           plan.unitsPerChunk);
    sums[m]->createPartials(b);
  }
  Value first = plan.firstUnit ? plan.firstUnit : constant(0);
  Value end = add(first, constant(plan.units));
  if (plan.chunks == 1) {
    Operation *parent = b.getInsertionBlock()->getParentOp();
    while (!isa<scf::ForallOp, FunctionOpInterface>(parent))
      parent = parent->getParentOp();
    emitChunk(&parent->getRegion(0).front(), constant(0), first, end);
  } else {
    auto forall = b.create<scf::ForallOp>(
        loc, ArrayRef<OpFoldResult>{b.getIndexAttr(plan.chunks)}, ValueRange(),
        std::nullopt);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(forall.getBody());
    Value chunk = forall.getInductionVar(0);
    Value begin = add(first, multiply(chunk, plan.unitsPerChunk));
    Value limit = b.create<arith::MinSIOp>(
        loc, add(begin, constant(plan.unitsPerChunk)), end);
    emitChunk(forall.getBody(), chunk, begin, limit);
  }
  for (auto &[member, sum] : sums)
    sum->finish(b);
}

void RowEmitter::emitChunk(Block *frame, Value chunk, Value begin, Value end) {
  buffers.create(b, frame);
  epilogues.emplace(group, [&](unsigned m) {
    return buffers.isTurned(m) && !masked.isWeighted(m);
  });
  for (auto [m, member] : llvm::enumerate(group.members))
    if (masked.isWeighted(m))
      zeros[m] = masked.createZeros(b, m);
  for (auto &[member, sum] : sums)
    sum->createStacks(b);
  auto loop = b.create<scf::ForOp>(loc, begin, end, constant(1));
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    Value unit = loop.getInductionVar();
    Value number = b.create<arith::SubIOp>(loc, unit, begin);
    emitUnit(unit, number);
  }
  for (const KernelMember &member : group.members)
    if (llvm::any_of(member.nest.outputs, isStreamed)) {
      finishStreams(b, loc);
      break;
    }
  if (sums.empty())
    return;
  Value count = b.create<arith::SubIOp>(loc, end, begin);
  for (auto &[member, sum] : sums)
    sum->finishChunk(b, chunk, count);
}

void RowEmitter::emitUnit(Value unit, Value number) {
  int64_t extent = group.rowExtent(group.rows - 1);
  int64_t tiles = llvm::divideCeil(extent, plan.tile);
  SmallVector<Value> outer(group.rows);
  int64_t size = tiles;
  Value rest = unit;
  for (unsigned row = group.rows; row-- > 0;) {
    size = row + 1 == group.rows ? tiles : group.rowExtent(row);
    outer[row] =
        row == 0 ? rest : b.create<arith::RemUIOp>(loc, rest, constant(size));
    if (row > 0)
      rest = b.create<arith::DivUIOp>(loc, rest, constant(size));
  }
  Value tile = outer.pop_back_val();
  Value begin = multiply(tile, plan.tile);
  int64_t last = extent % plan.tile;
  if (last == 0)
    return emitTile(outer, begin, plan.tile, number);
  Value isLast = b.create<arith::CmpIOp>(loc, arith::CmpIPredicate::eq, tile,
                                         constant(tiles - 1));
  auto ifLast = b.create<scf::IfOp>(loc, isLast, /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(ifLast.thenBlock());
  emitTile(outer, begin, last, number);
  b.setInsertionPointToStart(ifLast.elseBlock());
  emitTile(outer, begin, plan.tile, number);
}

void RowEmitter::enter(LoopNest &nest, unsigned loop, Value index,
                       int64_t extent, bool locals) {
  holdLoop(b, nest, loop, index, extent, [&](const Access &access) {
    return !locals && buffers.isLocal(access);
  });
}

void RowEmitter::emitTile(ArrayRef<Value> outer, Value begin, int64_t rows,
                          Value number) {
  SmallVector<LoopNest, 0> waiting;
  auto emitWaiting = [&] {
    if (!waiting.empty())
      emitRowByRow(waiting, rows);
    waiting.clear();
  };
  Value limit = masked.limit(b, loc, add(begin, constant(rows)));
  SmallVector<LoopNest, 0> nests;
  for (auto [m, member] : llvm::enumerate(group.members)) {
    LoopNest &nest = nests.emplace_back(member.nest);
    for (auto [row, index] : llvm::enumerate(outer))
      enter(nest, row, index, 1, false);
    enter(nest, group.rows - 1, begin, rows, false);
    masked.leaveOut(m, nest, limit);
  }
  epilogues->move(nests);
  for (auto [m, nest] : llvm::enumerate(nests)) {
    bool whole = nest.contraction || sums.count(m) || buffers.isTurned(m);
    if (plan.byRow && rows > 1 && !whole) {
      waiting.push_back(std::move(nest));
      // In flight: this member for all rows, then the next one.
      if (plan.inFlight)
        emitWaiting();
      continue;
    }
    emitWaiting();
    if (sums.count(m))
      sums[m]->addBlock(b, std::move(nest), number);
    else
      emitMember(nest);
    if (masked.isWeighted(m))
      for (LoopNest &rest : masked.addZeros(b, m, nest, zeros[m], limit))
        emitMember(rest);
  }
  emitWaiting();
}

void RowEmitter::emitRowByRow(ArrayRef<LoopNest> nests, int64_t rows) {
  OpBuilder::InsertionGuard guard(b);
  const auto emitRow = [&](Value row) {
    for (LoopNest nest : nests) {
      enter(nest, group.rows - 1, row, 1, true);
      emitMember(std::move(nest));
    }
  };
  // A number per row of a few rows is no loop.
  const bool areNumbers = llvm::all_of(nests, [&](const LoopNest &nest) {
    return llvm::all_of(ArrayRef(nest.extents).drop_front(group.rows),
                        [](int64_t extent) { return extent == 1; });
  });
  if (areNumbers && rows <= maxRowsInFlight) {
    for (int64_t row = 0; row < rows; ++row)
      emitRow(constant(row));
    return;
  }
  auto loop =
      b.create<scf::ForOp>(loc, constant(0), constant(rows), constant(1));
  b.setInsertionPointToStart(loop.getBody());
  emitRow(loop.getInductionVar());
}

void RowEmitter::emitMember(LoopNest nest) {
  simplify(nest);
  TileEmitter(b, nest, planVectors(nest, unit, 0)).emit();
}

void emitRows(OpBuilder &b, KernelGroup &group, const RowPlan &plan,
              VectorUnit unit, llvm::function_ref<bool(Operation *)> isErased) {
  SmallVector<LoopNest *> nests;
  for (KernelMember &member : group.members)
    nests.push_back(&member.nest);
  SmallVector<Access *> streams = findStreams(nests);
  if (streams.empty())
    return RowEmitter(b, group, plan, unit, isErased).emit();
  Location loc = group.members.back().op.getLoc();
  auto ifAligned = b.create<scf::IfOp>(loc, areAligned(b, loc, streams),
                                       /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(ifAligned.elseBlock());
  RowEmitter(b, group, plan, unit, isErased).emit();
  for (Access *stream : streams)
    stream->streamed = true;
  b.setInsertionPointToStart(ifAligned.thenBlock());
  RowEmitter(b, group, plan, unit, isErased).emit();
}

} // namespace mg::codegen
