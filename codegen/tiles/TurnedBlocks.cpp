//===- TurnedBlocks.cpp - crossed operands block by block -----------------===//
//
// See TurnedBlocks.h.
//
//===----------------------------------------------------------------------===//
#include "codegen/tiles/TurnedBlocks.h"

#include "codegen/nests/CopyNest.h"
#include "codegen/nests/Streams.h"
#include "codegen/tiles/TileEmitter.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace mg::codegen {

static constexpr int64_t lineBytes = 64;
/// Smaller operands stay in a cache however they are walked.
static constexpr int64_t leastBytes = 512 << 10;
/// Of the part of an operand that one walk of squares passes.
static constexpr int64_t leastPlaneBytes = 64 << 10;
/// Of a block along either loop, and the rows and columns that keep its pages
/// few; of all buffers.
static constexpr int64_t runBytes = 1 << 10, longestRun = 256,
                         bufferBytes = 256 << 10;
/// Blocks that share a buffer, at least.
static constexpr int64_t leastUnits = 4;
/// Without buffers: along the operand and along the result.
static constexpr int64_t directRunBytes = 4 << 10, longestDirectRun = 1 << 10,
                         directLines = 2;

static int64_t bytesOf(const Access &access) {
  return llvm::divideCeil(access.element.getIntOrFloatBitWidth(), 8);
}

TurnedBlocks::TurnedBlocks(const LoopNest &nest, const VectorPlan &plan)
    : nest(nest), plan(plan) {
  if (!plan.reduction.empty() || plan.row < 0 || plan.rows == 1)
    return;
  int64_t elements = 1, bytes = 0;
  for (int64_t extent : nest.extents)
    elements *= extent;
  for (auto [i, input] : llvm::enumerate(nest.inputs))
    if (!input.isScalar() && isCrossed(input, plan.vector, plan.row)) {
      crossed.push_back(i);
      bytes += bytesOf(input);
    }
  int64_t plane = nest.extents[plan.row] * nest.extents[plan.vector];
  if (bytes * elements < leastBytes || bytes * plane < leastPlaneBytes) {
    crossed.clear();
    return;
  }
  // A line that is written in two parts may be sent to memory twice.
  direct =
      isOnlyTurned(nest, plan.vector, plan.row) &&
      llvm::all_of(nest.outputs, [&](const Access &output) {
        return isStreamed(output) && plan.lanes * bytesOf(output) >= lineBytes;
      });
  chooseSizes(bytes);
  for (unsigned d : plan.parallel)
    if (int(d) != plan.row && int(d) != plan.vector)
      order.push_back(d);
  order.append({unsigned(plan.row), unsigned(plan.vector)});
}

/// `bytes`: of one element of every crossed operand.
void TurnedBlocks::chooseSizes(int64_t bytes) {
  int64_t widest = 1;
  for (unsigned i : crossed)
    widest = std::max(widest, bytesOf(nest.inputs[i]));
  if (direct) {
    rows = std::min(directRunBytes / widest, longestDirectRun);
    columns = directLines * lineBytes / bytesOf(nest.outputs.front());
  } else {
    columns = std::min(runBytes / widest, longestRun);
    int64_t fit = bufferBytes / (columns * bytes);
    rows = std::min<int64_t>(columns, llvm::bit_floor(uint64_t(fit)));
  }
  rows = std::min(std::max(rows, plan.lanes), nest.extents[plan.row]);
  columns = std::min(std::max(columns, plan.lanes), nest.extents[plan.vector]);
  pitch = llvm::alignTo(columns, lineBytes / widest) + lineBytes / widest;
}

int64_t TurnedBlocks::blocksOf(unsigned loop) const {
  return llvm::divideCeil(nest.extents[loop], sizeOf(loop));
}

static Value constant(OpBuilder &b, Location loc, int64_t value) {
  return b.create<arith::ConstantIndexOp>(loc, value);
}

void TurnedBlocks::createBuffers(OpBuilder &b) {
  for (unsigned i : direct ? ArrayRef<unsigned>() : ArrayRef(crossed))
    buffers.push_back(b.create<memref::AllocOp>(
        nest.loc, MemRefType::get({rows * pitch}, nest.inputs[i].element)));
}

void TurnedBlocks::emit(OpBuilder &b) {
  Location loc = nest.loc;
  int64_t units = 1;
  for (unsigned d : order)
    units *= blocksOf(d);
  int64_t chunks = std::min(plan.chunks, units);
  if (!direct) // A buffer is in the cache after the first block.
    chunks = std::min({chunks, int64_t(llvm::divideCeil(units, leastUnits)),
                       maxChunksWithMemory});
  OpBuilder::InsertionGuard guard(b);
  if (chunks == 1) {
    Operation *frame = b.getInsertionBlock()->getParentOp();
    while (!isa<scf::ForallOp, FunctionOpInterface>(frame))
      frame = frame->getParentOp();
    {
      OpBuilder::InsertionGuard atFrame(b);
      b.setInsertionPointToStart(&frame->getRegion(0).front());
      createBuffers(b);
    }
    return emitUnits(b, constant(b, loc, 0), constant(b, loc, units));
  }
  int64_t share = llvm::divideCeil(units, chunks);
  chunks = llvm::divideCeil(units, share);
  auto forall = b.create<scf::ForallOp>(
      loc, ArrayRef<OpFoldResult>{b.getIndexAttr(chunks)}, ValueRange(),
      std::nullopt);
  b.setInsertionPointToStart(forall.getBody());
  createBuffers(b);
  Value begin = b.create<arith::MulIOp>(loc, forall.getInductionVar(0),
                                        constant(b, loc, share));
  Value end = b.create<arith::MinSIOp>(
      loc, b.create<arith::AddIOp>(loc, begin, constant(b, loc, share)),
      constant(b, loc, units));
  emitUnits(b, begin, end);
  if (llvm::any_of(nest.outputs, isStreamed))
    finishStreams(b, loc);
}

void TurnedBlocks::emitUnits(OpBuilder &b, Value begin, Value end) {
  Location loc = nest.loc;
  auto loop = b.create<scf::ForOp>(loc, begin, end, constant(b, loc, 1));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  SmallVector<Value> index(nest.size());
  Value rest = loop.getInductionVar();
  for (unsigned d : llvm::reverse(order)) {
    Value count = constant(b, loc, blocksOf(d));
    index[d] = b.createOrFold<arith::RemUIOp>(loc, rest, count);
    rest = b.createOrFold<arith::DivUIOp>(loc, rest, count);
  }
  LoopNest part = nest;
  for (unsigned d : ArrayRef(order).drop_back(2))
    cut(b, part, d, index[d], [&](LoopNest one) { part = std::move(one); });
  cut(b, part, plan.row, index[plan.row], [&](LoopNest some) {
    cut(b, std::move(some), plan.vector, index[plan.vector],
        [&](LoopNest block) { emitBlock(b, std::move(block)); });
  });
}

void TurnedBlocks::cut(OpBuilder &b, LoopNest part, unsigned loop, Value index,
                       Body body) {
  Location loc = nest.loc;
  int64_t size = sizeOf(loop), rest = nest.extents[loop] % size;
  auto moved = [&](Value start, int64_t stride) -> Value {
    Value by = b.createOrFold<arith::MulIOp>(loc, index,
                                             constant(b, loc, size * stride));
    return start ? b.createOrFold<arith::AddIOp>(loc, start, by) : by;
  };
  for (Access *access : part.accesses())
    if (!access->isScalar() && access->isLinear() && access->strides[loop])
      access->start = moved(access->start, access->strides[loop]);
  if (nest.indexed[loop])
    for (auto [original, to] : llvm::enumerate(part.loopOf))
      if (to == int(loop))
        part.first[original] = moved(part.first[original], 1);
  part.extents[loop] = size;
  if (!rest)
    return body(std::move(part));
  Value isLast = b.create<arith::CmpIOp>(loc, arith::CmpIPredicate::eq, index,
                                         constant(b, loc, blocksOf(loop) - 1));
  auto ifLast = b.create<scf::IfOp>(loc, isLast, /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(ifLast.elseBlock());
  body(part);
  part.extents[loop] = rest;
  b.setInsertionPointToStart(ifLast.thenBlock());
  body(std::move(part));
}

void TurnedBlocks::emitBlock(OpBuilder &b, LoopNest block) {
  for (auto [input, buffer] : llvm::zip(crossed, buffers))
    turn(b, block, block.inputs[input], buffer);
  simplify(block);
  TileEmitter(b, block, planVectors(block, plan.nativeLanes, 0)).emit();
}

/// Begins and lengths that cover [0, extent) by whole vectors where there is
/// room for one: what is left over is copied once more, with neighbours.
static SmallVector<std::pair<int64_t, int64_t>> wholeParts(int64_t extent,
                                                           int64_t lanes) {
  int64_t rest = extent % lanes;
  if (extent < lanes || rest == 0)
    return {{0, extent}};
  return {{0, extent - rest}, {extent - lanes, lanes}};
}

/// Copies what the block reads of `access`, and lets it read the copy.
void TurnedBlocks::turn(OpBuilder &b, const LoopNest &block, Access &access,
                        Value buffer) {
  auto body = createCopyBody(b, nest.loc, access.element);
  for (auto [row, height] : wholeParts(block.extents[plan.row], plan.lanes))
    for (auto [column, width] :
         wholeParts(block.extents[plan.vector], plan.lanes)) {
      LoopNest copy{nest.loc, body.get()};
      copy.extents = {height, width};
      copy.reduction = {false, false};
      copy.indexed = {false, false};
      copy.initial = {Value()};
      Access from = access, to{buffer, access.element, {pitch, 1}};
      from.strides = {access.strides[plan.row], access.strides[plan.vector]};
      from.offset += row * from.strides[0] + column * from.strides[1];
      to.offset = row * pitch + column;
      copy.inputs = {from};
      copy.outputs = {to};
      VectorPlan copyPlan = planVectors(copy, plan.nativeLanes, 0);
      // Squares follow each other along the operand.
      if (copyPlan.row >= 0)
        std::reverse(copyPlan.parallel.begin(), copyPlan.parallel.end());
      TileEmitter(b, copy, copyPlan).emit();
    }
  SmallVector<int64_t> strides(nest.size(), 0);
  strides[plan.row] = pitch;
  strides[plan.vector] = 1;
  access = {buffer, access.element, strides};
}

} // namespace mg::codegen
