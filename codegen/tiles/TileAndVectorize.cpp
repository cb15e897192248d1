//===- TileAndVectorize.cpp - linalg on buffers to vector loops -----------===//
//
// In: linalg ops and memref.copy on memrefs of static shape. Out: scf.forall,
// scf.for and vector ops of the CPU level's width. Other ops are not touched.
//
//   linalg.generic {(d0) -> (d0)} ins(%x) outs(%y) { exp }
//     ->
//   scf.for %i = 0 to 96 step 16 { vector.load %x[%i]; math.exp; vector.store }
//   vector.maskedload %x[%c96], ..
//
// What is decided is in VectorPlan.h, on the loops of LoopNest.h; this file has
// the pass and the loops around a tile.
//
//===----------------------------------------------------------------------===//
#include "codegen/Levels.h"
#include "codegen/Passes.h"
#include "codegen/nests/Epilogue.h"
#include "codegen/nests/StartValues.h"
#include "codegen/nests/Streams.h"
#include "codegen/rows/RowBlocks.h"
#include "codegen/rows/RowKernel.h"
#include "codegen/tasks/ThreadShares.h"
#include "codegen/tiles/ApartSums.h"
#include "codegen/tiles/Batch.h"
#include "codegen/tiles/FrameFills.h"
#include "codegen/tiles/PackedRows.h"
#include "codegen/tiles/ReductionSplit.h"
#include "codegen/tiles/TileEmitter.h"
#include "codegen/tiles/TurnedBlocks.h"
#include "codegen/weights/Factors.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Interfaces/ViewLikeInterface.h"

namespace mg::codegen {
#define GEN_PASS_DEF_TILEANDVECTORIZE
#include "codegen/Passes.h.inc"
} // namespace mg::codegen

using namespace mlir;

namespace mg::codegen {

TileEmitter::TileEmitter(OpBuilder &b, const LoopNest &nest,
                         const VectorPlan &plan)
    : b(b), loc(nest.loc), nest(nest), plan(plan) {
  for (auto [o, output] : llvm::enumerate(nest.outputs))
    if (nest.isReduced(output))
      reduced.push_back(o);
  if (nest.contraction)
    fused = matchMultiplyAdd(*nest.body);
  if (nest.products == Products::Single &&
      isa_and_nonnull<arith::AddIOp>(fused.second))
    fused = {};
}

void TileEmitter::enter() {
  ivs.assign(nest.size(), constant(0));
  for (unsigned i = 0, e = nest.inputs.size() + nest.outputs.size(); i < e; ++i)
    flats.push_back(flatten(accessOf(i)));
  createStages();
}

void TileEmitter::emit() {
  enter();
  if ((plan.rowsAhead >= 0 || plan.windowsAhead >= 0) &&
      !plan.sharesColumns(nest) && !plan.depth)
    beginAhead();
  if (plan.chunks > 1)
    emitChunks();
  else
    emitParallel(0, fullTile());
}

Tile TileEmitter::tileOf(int64_t rows, int64_t width) const {
  int64_t vecs = llvm::divideCeil(width, plan.lanes);
  return {rows, vecs, width - (vecs - 1) * plan.lanes};
}

TileEmitter::Values TileEmitter::loop(int64_t begin, int64_t end, int64_t step,
                                      ValueRange carried, Body body) {
  if (begin >= end)
    return carried;
  if (begin + step >= end)
    return body(constant(begin), carried);
  return loop(constant(begin), constant(end), step, carried, body);
}

TileEmitter::Values TileEmitter::loop(Value begin, Value end, int64_t step,
                                      ValueRange carried, Body body) {
  auto forOp = b.create<scf::ForOp>(loc, begin, end, constant(step), carried);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(forOp.getBody());
  Values results = body(forOp.getInductionVar(), forOp.getRegionIterArgs());
  b.setInsertionPointToEnd(forOp.getBody());
  if (!carried.empty())
    b.create<scf::YieldOp>(loc, results);
  return forOp.getResults();
}

/// The whole steps of a loop of which a part is wanted. The part begins with
/// the loop or a step of it.
TileEmitter::Values TileEmitter::partialLoop(Value begin, Value end,
                                             int64_t step, ValueRange carried,
                                             Body body) {
  begin = b.createOrFold<arith::MaxSIOp>(loc, begin, nest.range.begin);
  end = b.createOrFold<arith::MinSIOp>(loc, end, nest.range.end);
  return loop(begin, end, step, carried, body);
}

/// A step of such a loop, if it is wanted.
TileEmitter::Values TileEmitter::ifWanted(Value iv, ValueRange carried,
                                          function_ref<Values()> then) {
  using P = arith::CmpIPredicate;
  Value wanted = b.createOrFold<arith::AndIOp>(
      loc, b.createOrFold<arith::CmpIOp>(loc, P::sge, iv, nest.range.begin),
      b.createOrFold<arith::CmpIOp>(loc, P::slt, iv, nest.range.end));
  auto ifOp = b.create<scf::IfOp>(loc, carried.getTypes(), wanted,
                                  /*withElseRegion=*/!carried.empty());
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(ifOp.thenBlock());
  Values results = then();
  if (carried.empty())
    return {};
  b.setInsertionPointToEnd(ifOp.thenBlock());
  b.create<scf::YieldOp>(loc, results);
  b.setInsertionPointToEnd(ifOp.elseBlock());
  b.create<scf::YieldOp>(loc, carried);
  return ifOp.getResults();
}

void TileEmitter::hoist(unsigned level) {
  for (unsigned i = 0; i < nest.inputs.size(); ++i) {
    const Access &access = nest.inputs[i];
    auto moves = [&](int loop) { return loop >= 0 && access.strides[loop]; };
    // What the body does not read only tells bounds, and may lie nowhere.
    if (access.isScalar() || !access.isLinear() || hoisted.count(i) ||
        nest.body->getArgument(i).use_empty() || moves(plan.vector) ||
        moves(plan.row) ||
        llvm::any_of(ArrayRef(plan.parallel).drop_front(level), moves) ||
        llvm::any_of(plan.reduction, moves))
      continue;
    hoisted[i] = read(i, {0, 0, plan.lanes});
  }
  seen.clear();
  bases.clear();
}

Block *TileEmitter::frame() {
  Operation *op = b.getInsertionBlock()->getParentOp();
  while (!isa<scf::ForallOp, FunctionOpInterface>(op))
    op = op->getParentOp();
  return &op->getRegion(0).front();
}

/// A step of the parallel loop `level` at its index: what is inside it.
void TileEmitter::emitInside(unsigned level, Tile tile) {
  if (level == plan.panelLevel && plan.depth)
    return emitPasses(level, tile);
  if (level == plan.panelLevel && plan.sharesColumns(nest))
    return emitPanel(level, tile);
  emitParallel(level + 1, tile);
}

void TileEmitter::emitParallel(unsigned level, Tile tile) {
  if (level == plan.parallel.size())
    return emitTile(tile);
  auto outside = hoisted;
  hoist(level);
  unsigned d = plan.parallel[level];
  int64_t extent = nest.extents[d], size = plan.tileOf(d);
  int64_t rest = extent % size;
  if (chunk && level == plan.split) {
    emitShare(level, tile, *chunk);
  } else {
    auto inside = [&](Value iv, ValueRange) -> Values {
      ivs[d] = iv;
      emitInside(level, tile);
      return {};
    };
    auto atRest = [&]() -> Values {
      if (rest)
        emitRest(level, tile, rest);
      return {};
    };
    if (isPartial(d)) {
      Value whole = constant(extent - rest);
      partialLoop(constant(0), whole, size, {}, inside);
      if (rest)
        ifWanted(whole, {}, atRest);
    } else {
      if (level == plan.panelLevel)
        panels = Share{constant(0), extent - rest, constant(extent - rest)};
      loop(0, extent - rest, size, {}, inside);
      panels.reset();
      atRest();
    }
  }
  ivs[d] = constant(0);
  hoisted = outside;
}

/// The last share takes the rest of the loop.
void TileEmitter::emitShare(unsigned level, Tile tile, Share share) {
  unsigned d = plan.parallel[level];
  int64_t rest = nest.extents[d] % plan.tileOf(d);
  Value whole = constant(nest.extents[d] - rest);
  Value reach =
      share.end ? share.end : add(share.begin, constant(share.length));
  Value end = b.create<arith::MinSIOp>(loc, reach, whole);
  if (level == plan.panelLevel)
    panels = Share{share.begin, 0, end};
  loop(share.begin, end, plan.tileOf(d), {},
       [&](Value iv, ValueRange) -> Values {
         ivs[d] = iv;
         emitInside(level, tile);
         return {};
       });
  panels.reset();
  if (!rest)
    return;
  Value isLast =
      b.create<arith::CmpIOp>(loc, arith::CmpIPredicate::sge, reach, whole);
  auto ifLast = b.create<scf::IfOp>(loc, isLast);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(ifLast.thenBlock());
  emitRest(level, tile, rest);
}

/// The iterations that do not fill a tile.
void TileEmitter::emitRest(unsigned level, Tile tile, int64_t rest) {
  unsigned d = plan.parallel[level];
  ivs[d] = constant(nest.extents[d] - rest);
  if (int(d) == plan.row)
    tile.rows = rest;
  else
    tile = tileOf(tile.rows, rest);
  emitInside(level, tile);
}

void TileEmitter::emitChunk(Share share) {
  chunk = share;
  emitParallel(0, fullTile());
  if (llvm::any_of(nest.outputs, isStreamed))
    finishStreams(b, loc);
}

/// One loop in chunks of whole tiles. Panels that are copied while others are
/// used are a thread's from one to the next.
void TileEmitter::emitChunks() {
  unsigned d = plan.parallel[plan.split];
  int64_t size = plan.tileOf(d), tiles = nest.extents[d] / size;
  if (copiesAhead())
    return emitShares(b, loc, tiles, [&](Value begin, Value end) {
      emitChunk({multiply(begin, size), 0, multiply(end, size)});
    });
  int64_t perChunk = llvm::divideCeil(tiles, plan.chunks);
  int64_t chunks = llvm::divideCeil(tiles, perChunk);
  auto forall = b.create<scf::ForallOp>(
      loc, ArrayRef<OpFoldResult>{b.getIndexAttr(chunks)}, ValueRange(),
      std::nullopt);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(forall.getBody());
  emitChunk(
      {multiply(forall.getInductionVar(0), perChunk * size), perChunk * size});
}

TileEmitter::Values TileEmitter::step(Tile tile, Values accumulators) {
  seen.clear();
  bases.clear();
  tileRows = tile.rows;
  for (int64_t row = 0; row < tile.rows; ++row)
    stepInRow(tile, row, accumulators);
  if (guarding)
    updateGuards(accumulators);
  return accumulators;
}

void TileEmitter::stepInRow(Tile tile, int64_t row, Values &accumulators) {
  for (int64_t vec = 0; vec < tile.vecs; ++vec) {
    Place place{row, vec, vec + 1 == tile.vecs ? tile.last : plan.lanes};
    Values yields = body(place, [&](unsigned argument) -> Value {
      unsigned output = argument - nest.inputs.size();
      auto found = llvm::find(reduced, output);
      if (argument < nest.inputs.size() || found == reduced.end())
        return read(argument, place);
      return accumulators[accumulator(found - reduced.begin(), row, vec)];
    });
    keep(yields, place, accumulators);
  }
}

/// Stores what a step yields, or makes it the new accumulators.
void TileEmitter::keep(ArrayRef<Value> yields, Place place,
                       Values &accumulators) {
  for (auto [o, value] : llvm::enumerate(yields)) {
    auto found = llvm::find(reduced, o);
    if (found == reduced.end()) {
      write(o, place, value);
      continue;
    }
    Value &old = accumulators[accumulator(found - reduced.begin(), place.row,
                                          place.vec)];
    // Past the end of a reduced loop, lanes keep what they have.
    bool partial = plan.isRowStyle() && place.valid < plan.lanes;
    old = partial ? b.create<arith::SelectOp>(loc, mask(place.valid),
                                              asVector(value), old)
                  : asVector(value);
  }
}

void TileEmitter::emitTile(Tile tile) {
  if (plan.reduction.empty()) {
    turnedRows = plan.interleaves ? tile.rows : 0;
    step(tile, {});
    finishTurned();
    return;
  }
  accumulatorRows = tile.rows;
  accumulatorVecs = plan.isRowStyle() ? plan.vecs : tile.vecs;
  beginReadAhead();
  askAtOnce(tile);
  Values accumulators = reduce(tile);
  storeAccumulators(tile, accumulators);
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

/// A copy is a nest, too.
static linalg::GenericOp copyToGeneric(RewriterBase &rewriter,
                                       memref::CopyOp copy) {
  auto type = cast<MemRefType>(copy.getTarget().getType());
  AffineMap identity = rewriter.getMultiDimIdentityMap(type.getRank());
  SmallVector<utils::IteratorType> parallel(type.getRank(),
                                            utils::IteratorType::parallel);
  return rewriter.replaceOpWithNewOp<linalg::GenericOp>(
      copy, copy.getSource(), copy.getTarget(), ArrayRef{identity, identity},
      parallel, [](OpBuilder &b, Location loc, ValueRange args) {
        b.create<linalg::YieldOp>(loc, args[0]);
      });
}

/// Bytes that the loops of a nest read of an input.
static int64_t bytesRead(const LoopNest &nest, const Access &input) {
  int64_t bits = input.element.getIntOrFloatBitWidth();
  for (unsigned d = 0; d < nest.size(); ++d)
    if (input.strides[d] != 0)
      bits *= nest.extents[d];
  return bits / 8;
}

/// Whether the nest reads each element of the input once, or a few times in a
/// row. Of panels the tiles ask early themselves where there are more
/// (ReadAhead.cpp).
static bool isReadOnce(const LoopNest &nest, const Access &input) {
  const int64_t rowsOfTile = input.hasPanels() ? 16 : 8;
  int64_t uses = 1;
  for (unsigned d = 0; d < nest.size(); ++d)
    if (!nest.reduction[d] && !input.strides[d])
      uses *= nest.extents[d];
  return uses <= rowsOfTile;
}

/// How many steps early a line is asked for. A product has as many lines on
/// their way as a core waits for at a time, about.
static int64_t stepsAhead(const LoopNest &nest, const Access &input,
                          int64_t nativeLanes) {
  constexpr int64_t linesOnTheirWay = 48, lineBits = 64 * 8;
  if (!nest.contraction)
    return blockSteps;
  VectorPlan plan = planVectors(nest, nativeLanes, 0);
  int64_t apart = input.hasPanels() ? input.strides[input.panels.loop] : 1;
  int64_t lines = llvm::divideCeil(plan.vecs * plan.lanes * apart *
                                       input.element.getIntOrFloatBitWidth(),
                                   lineBits);
  return std::clamp<int64_t>(linesOnTheirWay / lines, 1, 2 * blockSteps);
}

/// The innermost loop that takes a sum further down the columns, and not only
/// through a word of each of a panel's; -1: none.
static int stepOf(const LoopNest &nest, const Access &input) {
  for (unsigned d = nest.size(); d-- > 0;)
    if (nest.reduction[d] &&
        (!input.hasPanels() || input.strides[d] >= input.panels.width))
      return d;
  return -1;
}

/// Where a sum walks down columns and each step is a page away, the CPU does
/// not foresee what is read next. From memory, not the caches, it is asked for
/// early. Of panels it foresees too little as soon as several rows compute with
/// each piece; already the third cache is far then.
static void prefetchColumns(LoopNest &nest, int64_t nativeLanes) {
  constexpr int64_t page = 4096, farPanels = 4 << 20;
  for (Access &input : nest.inputs) {
    const int step = stepOf(nest, input);
    if (step < 0 || input.isScalar() || !input.isLinear() ||
        (nest.contraction && !isReadOnce(nest, input)))
      continue;
    int64_t bytes = input.element.getIntOrFloatBitWidth() / 8;
    const bool isFar = input.hasPanels()
                           ? bytesRead(nest, input) >= farPanels
                           : std::abs(input.strides[step]) * bytes >= page &&
                                 bytesRead(nest, input) >= streamBytes;
    if (isFar)
      input.prefetch =
          stepsAhead(nest, input, nativeLanes) * input.strides[step];
  }
}

/// Whether the ops are independent loops that only share a launch.
static bool isBatch(const KernelOps &kernel) {
  auto rows = kernel.front()->getAttrOfType<DenseI64ArrayAttr>("mg.rows");
  return kernel.size() > 1 && rows && rows.empty();
}

/// Erases `op`, and views and memory that no one has a use for any more.
static void eraseWithMemory(RewriterBase &rewriter, Operation *op) {
  llvm::SetVector<Operation *> dead;
  dead.insert(op);
  while (!dead.empty()) {
    Operation *next = dead.pop_back_val();
    for (Value operand : next->getOperands())
      if (Operation *source = operand.getDefiningOp())
        dead.insert(source);
    rewriter.eraseOp(next);
    dead.remove_if([](Operation *source) {
      return !source->use_empty() ||
             !isa<ViewLikeOpInterface, memref::AllocOp>(source);
    });
  }
}

namespace {
struct TileAndVectorize : public impl::TileAndVectorizeBase<TileAndVectorize> {
  using TileAndVectorizeBase::TileAndVectorizeBase;

  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    frameFills(rewriter, getOperation(), grain);
    getOperation().walk([&](memref::CopyOp copy) {
      rewriter.setInsertionPoint(copy);
      copyToGeneric(rewriter, copy);
    });
    SmallVector<linalg::LinalgOp> ops;
    getOperation().walk([&](linalg::LinalgOp op) { ops.push_back(op); });
    StartValues starts(ops);
    auto isErased = [&](Operation *op) { return starts.isStart(op); };
    const auto kernels = collectKernels(getOperation(), isErased);
    for (ArrayRef<KernelOps> rest = kernels; !rest.empty();) {
      FailureOr<bool> both =
          rest.size() > 1 ? vectorizeBlocks(rewriter, rest[0], rest[1], starts)
                          : false;
      if (failed(both) ||
          (!*both && failed(vectorizeKernel(rewriter, rest[0], starts))))
        return signalPassFailure();
      rest = rest.drop_front(*both ? 2 : 1);
    }
    for (linalg::LinalgOp op : ops)
      if (starts.isStart(op))
        eraseWithMemory(rewriter, op);
  }

  /// All ops of a kernel: as one loop over its rows, or one after the other.
  LogicalResult vectorizeKernel(RewriterBase &rewriter, const KernelOps &kernel,
                                const StartValues &starts) {
    if (isBatch(kernel))
      return vectorizeBatch(rewriter, kernel, starts);
    FailureOr<bool> done = vectorizeRows(rewriter, kernel, starts);
    if (failed(done))
      return failure();
    for (ArrayRef<linalg::LinalgOp> rest = kernel; !*done && !rest.empty();) {
      FailureOr<unsigned> count = vectorize(rewriter, rest, starts);
      if (failed(count))
        return failure();
      rest = rest.drop_front(*count);
    }
    return success();
  }

  LogicalResult vectorizeBatch(RewriterBase &rewriter, const KernelOps &kernel,
                               const StartValues &starts) {
    SmallVector<LoopNest, 0> nests;
    for (linalg::LinalgOp op : kernel) {
      if (llvm::is_contained(op.getStaticLoopRanges(), 0))
        continue;
      FailureOr<LoopNest> nest = buildLoopNest(op);
      if (failed(nest))
        return failure();
      starts.apply(op, *nest);
      simplify(*nest);
      nests.push_back(std::move(*nest));
    }
    rewriter.setInsertionPoint(kernel.back());
    int64_t chunkGrain = grainAt(kernel.front());
    for (LoopNest &nest : emitBatch(rewriter, nests, lanes, chunkGrain))
      emit(rewriter, nest, chunkGrain);
    for (linalg::LinalgOp op : llvm::reverse(kernel))
      eraseWithMemory(rewriter, op);
    return success();
  }

  /// None where the ops are no kernel over rows.
  FailureOr<std::optional<KernelGroup>> groupOf(const KernelOps &kernel,
                                                const StartValues &starts) {
    SmallVector<KernelMember, 0> members;
    for (linalg::LinalgOp op : kernel) {
      if (kernel.size() == 1 || llvm::is_contained(op.getStaticLoopRanges(), 0))
        return std::optional<KernelGroup>();
      FailureOr<LoopNest> nest = buildLoopNest(op);
      if (failed(nest))
        return failure();
      starts.apply(op, *nest);
      members.push_back({op, std::move(*nest)});
    }
    return buildKernelGroup(members);
  }

  /// Whether so many iterations of the loop pack nothing, which each block
  /// would do again, and are worth as many threads as all are.
  bool isBlockLikeAll(OpBuilder &b, const LoopNest &all, unsigned loop,
                      ArrayRef<int64_t> sizes, int64_t grain) const {
    return llvm::all_of(sizes, [&](int64_t size) {
      LoopNest block = all;
      block.extents[loop] = size;
      simplify(block);
      return wantedChunks(workOf(block), grain) ==
                 wantedChunks(workOf(all), grain) &&
             planVectors(block, {lanes, registers}, grain).packed < 0 &&
             !Factors(b, block, lanes, findLevel(level));
    });
  }

  /// A contraction and the kernel of its rows, block by block (RowBlocks.h).
  /// False where they are left to others.
  FailureOr<bool> vectorizeBlocks(RewriterBase &rewriter,
                                  const KernelOps &product,
                                  const KernelOps &next,
                                  const StartValues &starts) {
    std::optional<int64_t> size = chooseRowBlock(product, next, starts);
    if (!size)
      return false;
    FailureOr<LoopNest> nest = buildLoopNest(product.front());
    FailureOr<std::optional<KernelGroup>> group = groupOf(next, starts);
    if (failed(nest) || failed(group))
      return failure();
    starts.apply(product.front(), *nest);
    const unsigned loop =
        product.front()->getAttrOfType<DenseI64ArrayAttr>("mg.rows")[0];
    // The last block takes what is left as well, so that none is small.
    const int64_t grain = grainAt(product.front()), rows = nest->extents[loop],
                  last = *size + rows % *size, whole = rows - last;
    if (1 + appendEpilogues(*nest, product, starts) != product.size() ||
        nest->indexed[loop] || !*group)
      return false;
    std::optional<RowPlan> plan = planRows(**group, grain);
    // Rows of several loops are merged by now: they are others than these.
    if (!plan || !plan->inFlight || (*group)->rows != 1 ||
        (*group)->rowExtent(0) != rows || *size % plan->tile != 0)
      return false;
    if (!isBlockLikeAll(rewriter, *nest, loop, {*size, last}, grain) ||
        plan->part({}, *size / plan->tile).chunks < plan->chunks / 4)
      return false;
    rewriter.setInsertionPoint(next.back());
    const Location loc = nest->loc;
    const auto emitBlock = [&](Value first, int64_t count) {
      LoopNest part = *nest;
      holdLoop(rewriter, part, loop, first, count,
               [](const Access &) { return false; });
      simplify(part);
      prefetchColumns(part, lanes);
      emit(rewriter, part, grain);
      Value tile = rewriter.create<arith::ConstantIndexOp>(loc, plan->tile);
      Value unit = rewriter.createOrFold<arith::DivUIOp>(loc, first, tile);
      KernelGroup own = **group;
      emitRows(rewriter, own,
               plan->part(unit, llvm::divideCeil(count, plan->tile)),
               {lanes, registers},
               [&](Operation *op) { return starts.isStart(op); });
    };
    const auto index = [&](int64_t value) {
      return rewriter.create<arith::ConstantIndexOp>(loc, value);
    };
    auto blocks =
        rewriter.create<scf::ForOp>(loc, index(0), index(whole), index(*size));
    {
      OpBuilder::InsertionGuard guard(rewriter);
      rewriter.setInsertionPointToStart(blocks.getBody());
      emitBlock(blocks.getInductionVar(), *size);
    }
    emitBlock(index(whole), last);
    for (const KernelOps *done : {&next, &product})
      for (linalg::LinalgOp op : llvm::reverse(*done))
        eraseWithMemory(rewriter, op);
    return true;
  }

  /// False where it is left to others.
  FailureOr<bool> vectorizeRows(RewriterBase &rewriter, const KernelOps &kernel,
                                const StartValues &starts) {
    FailureOr<std::optional<KernelGroup>> group = groupOf(kernel, starts);
    if (failed(group))
      return failure();
    if (!*group)
      return false;
    std::optional<RowPlan> plan = planRows(**group, grainAt(kernel.front()));
    if (!plan)
      return false;
    rewriter.setInsertionPoint(kernel.back());
    emitRows(rewriter, **group, *plan, {lanes, registers},
             [&](Operation *op) { return starts.isStart(op); });
    for (linalg::LinalgOp op : llvm::reverse(kernel))
      eraseWithMemory(rewriter, op);
    return true;
  }

  /// Inside a task there are no further tasks.
  int64_t grainAt(Operation *op) const {
    return op->getParentOfType<scf::ForallOp>() ? 0 : int64_t(grain);
  }

  /// The first of the ops, with those that can follow as its epilogue. Returns
  /// how many ops that were.
  FailureOr<unsigned> vectorize(RewriterBase &rewriter,
                                ArrayRef<linalg::LinalgOp> ops,
                                const StartValues &starts) {
    linalg::LinalgOp op = ops.front();
    unsigned count = 1;
    if (!llvm::is_contained(op.getStaticLoopRanges(), 0)) {
      FailureOr<LoopNest> nest = buildLoopNest(op);
      if (failed(nest))
        return failure();
      starts.apply(op, *nest);
      count += appendEpilogues(*nest, ops, starts);
      simplify(*nest);
      prefetchColumns(*nest, lanes);
      rewriter.setInsertionPoint(ops[count - 1]);
      emit(rewriter, *nest, grainAt(op));
    }
    for (linalg::LinalgOp done : ops.take_front(count))
      eraseWithMemory(rewriter, done);
    return count;
  }

  /// How many of the ops after the first, a contraction, became its epilogue.
  unsigned appendEpilogues(LoopNest &nest, ArrayRef<linalg::LinalgOp> ops,
                           const StartValues &starts) {
    if (!nest.contraction)
      return 0;
    unsigned count = 0;
    for (linalg::LinalgOp op : ops.drop_front()) {
      if (!appendEpilogue(nest, ops.front(), op, starts))
        break;
      ++count;
    }
    dropStores(nest, [&](Operation *user) {
      return starts.isStart(user) ||
             llvm::is_contained(ops.take_front(count + 1), user);
    });
    return count;
  }

  void emit(OpBuilder &b, LoopNest &nest, int64_t chunkGrain) {
    SmallVector<Access *> streams = findStreams(&nest);
    if (streams.empty())
      return emitPlanned(b, nest, chunkGrain);
    auto ifAligned = b.create<scf::IfOp>(
        nest.loc, areAligned(b, nest.loc, streams), /*withElseRegion=*/true);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(ifAligned.elseBlock());
    emitPlanned(b, nest, chunkGrain);
    for (Access *stream : streams)
      stream->streamed = true;
    b.setInsertionPointToStart(ifAligned.thenBlock());
    emitPlanned(b, nest, chunkGrain);
    finishStreams(b, nest.loc);
  }

  void emitPlanned(OpBuilder &b, const LoopNest &nest, int64_t chunkGrain) {
    Factors factors(b, nest, lanes, findLevel(level));
    if (!factors)
      return emitAsIs(b, nest, chunkGrain);
    LoopNest onFactors = factors.apply(
        [&](const LoopNest &factor) { emitAsIs(b, factor, chunkGrain); });
    emitAsIs(b, onFactors, chunkGrain);
  }

  void emitAsIs(OpBuilder &b, const LoopNest &nest, int64_t chunkGrain) {
    VectorPlan plan = planVectors(nest, {lanes, registers}, chunkGrain);
    ApartSums apart(nest, plan);
    if (apart.isWorthwhile()) {
      LoopNest sums = apart.sums(b);
      emitAsIs(b, sums, chunkGrain);
      return emitAsIs(b, apart.copy(b, sums), chunkGrain);
    }
    TurnedBlocks blocks(nest, plan);
    if (blocks.isWorthwhile())
      return blocks.emit(b);
    ReductionSplit split(nest, plan, wantedChunks(workOf(nest), chunkGrain));
    // Planned together: another plan might pack nothing.
    if (nest.computed >= 0 || nest.products != Products::Single)
      return TileEmitter(b, nest, plan).emit();
    if (!split.isWorthwhile())
      return emitPart(b, nest, plan, chunkGrain);
    for (const LoopNest &part : split.apply(b))
      emitPart(b, part, planVectors(part, {lanes, registers}, chunkGrain),
               chunkGrain);
  }

  void emitPart(OpBuilder &b, const LoopNest &nest, const VectorPlan &plan,
                int64_t chunkGrain) {
    PackedRows packed(nest, plan);
    if (packed.isWorthwhile())
      return packed.emit(b, chunkGrain);
    TileEmitter(b, nest, plan).emit();
  }
};
} // namespace

} // namespace mg::codegen
