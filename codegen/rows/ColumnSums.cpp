//===- ColumnSums.cpp - a member of a row kernel that sums across the rows ===//
//
// See ColumnSums.h.
//
//===----------------------------------------------------------------------===//
#include "codegen/rows/ColumnSums.h"

#include "codegen/tiles/TileEmitter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;

namespace mg::codegen {

bool ColumnSums::isPossible(const LoopNest &nest, unsigned rows) {
  const SmallVector<Operation *> combiners = matchCombiners(nest);
  for (auto [o, output] : llvm::enumerate(nest.outputs)) {
    if (!combiners[o])
      return false;
    for (unsigned d = 0; d < nest.size(); ++d)
      if (nest.reduction[d] && output.strides[d] != 0)
        return false;
  }
  return true;
}

ColumnSums::ColumnSums(const LoopNest &nest, int64_t lanes, int64_t chunks,
                       int64_t blocks)
    : nest(nest), lanes(lanes), chunks(chunks),
      levels(llvm::Log2_64(blocks) + 1), strides(nest.size(), 0),
      combiners(matchCombiners(nest)) {
  // As the first result lies in memory.
  SmallVector<unsigned> order;
  for (unsigned d = 0; d < nest.size(); ++d)
    if (!nest.reduction[d])
      order.push_back(d);
  auto key = [&](unsigned d) {
    return std::pair(std::abs(nest.outputs[0].strides[d]), d);
  };
  llvm::sort(order, [&](unsigned a, unsigned b) { return key(a) < key(b); });
  for (unsigned d : order) {
    strides[d] = columns;
    columns *= nest.extents[d];
  }
}

void ColumnSums::createPartials(OpBuilder &b) {
  for (const Access &output : nest.outputs)
    partials.push_back(b.create<memref::AllocOp>(
        nest.loc, MemRefType::get({chunks * columns}, output.element)));
}

void ColumnSums::createStacks(OpBuilder &b) {
  for (const Access &output : nest.outputs)
    stacks.push_back(b.create<memref::AllocOp>(
        nest.loc, MemRefType::get({levels * columns}, output.element)));
}

//===----------------------------------------------------------------------===//
// Nests over columns
//===----------------------------------------------------------------------===//

void ColumnSums::emit(OpBuilder &b, LoopNest part) {
  simplify(part);
  TileEmitter(b, part, planVectors(part, lanes, 0)).emit();
}

/// yield combiner(a, b), or a.
static std::unique_ptr<Block> createBody(OpBuilder &b, Location loc, Type type,
                                         Operation *combiner) {
  auto body = std::make_unique<Block>();
  body->addArguments({type, type}, {loc, loc});
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToEnd(body.get());
  Value result = body->getArgument(0);
  if (combiner) {
    OperationState state(loc, combiner->getName(), body->getArguments(), {type},
                         {});
    state.propertiesAttr = combiner->getPropertiesAsAttribute();
    result = b.create(state)->getResult(0);
  }
  b.create<linalg::YieldOp>(loc, result);
  return body;
}

void ColumnSums::combine(OpBuilder &b, unsigned output, Rows from, Rows to,
                         int64_t count) {
  Type type = nest.outputs[output].element;
  Operation *combiner = from.buffer == to.buffer ? combiners[output] : nullptr;
  bodies.push_back(createBody(b, nest.loc, type, combiner));
  LoopNest rows{nest.loc, bodies.back().get()};
  rows.extents = {count, columns};
  rows.reduction = {false, false};
  rows.indexed = {false, false};
  auto access = [&](Rows &at) {
    return Access{at.buffer, type, {at.stride, 1}, at.offset, at.start};
  };
  rows.inputs = {access(from)};
  rows.outputs = {access(to)};
  rows.initial = {Value()};
  emit(b, std::move(rows));
}

static Value multiply(OpBuilder &b, Location loc, Value x, int64_t factor) {
  return b.createOrFold<arith::MulIOp>(
      loc, x, b.create<arith::ConstantIndexOp>(loc, factor));
}

static Value trailingZeros(OpBuilder &b, Location loc, Value number) {
  Value bits = b.create<arith::IndexCastOp>(loc, b.getI64Type(), number);
  return b.create<arith::IndexCastOp>(
      loc, b.getIndexType(), b.create<math::CountTrailingZerosOp>(loc, bits));
}

//===----------------------------------------------------------------------===//
// Blocks and chunks
//===----------------------------------------------------------------------===//

void ColumnSums::addBlock(OpBuilder &b, LoopNest block, Value number) {
  Location loc = nest.loc;
  auto index = [&](int64_t i) {
    return b.create<arith::ConstantIndexOp>(loc, i);
  };
  Value next = b.create<arith::AddIOp>(loc, number, index(1));
  Value merges = trailingZeros(b, loc, next);
  Value slot = multiply(b, loc, merges, columns);
  block.overwrite = true;
  block.initial.assign(block.outputs.size(), Value());
  for (auto [o, output] : llvm::enumerate(block.outputs))
    output = {stacks[o], output.element, strides, 0, slot};
  emit(b, std::move(block));
  auto loop = b.create<scf::ForOp>(loc, index(0), merges, index(1));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  Value level = multiply(b, loc, loop.getInductionVar(), columns);
  for (unsigned o = 0; o < nest.outputs.size(); ++o)
    combine(b, o, {stacks[o], level}, {stacks[o], slot});
}

void ColumnSums::finishChunk(OpBuilder &b, Value chunk, Value count) {
  Location loc = nest.loc;
  auto index = [&](int64_t i) -> Value {
    return b.create<arith::ConstantIndexOp>(loc, i);
  };
  Value lowest = trailingZeros(b, loc, count);
  Value slot = multiply(b, loc, lowest, columns);
  {
    auto loop = b.create<scf::ForOp>(
        loc, b.create<arith::AddIOp>(loc, lowest, index(1)), index(levels),
        index(1));
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    Value level = loop.getInductionVar();
    Value bit = b.create<arith::AndIOp>(
        loc, b.create<arith::ShRUIOp>(loc, count, level), index(1));
    Value isSet =
        b.create<arith::CmpIOp>(loc, arith::CmpIPredicate::ne, bit, index(0));
    auto ifSet = b.create<scf::IfOp>(loc, isSet);
    b.setInsertionPointToStart(ifSet.thenBlock());
    Value from = multiply(b, loc, level, columns);
    for (unsigned o = 0; o < nest.outputs.size(); ++o)
      combine(b, o, {stacks[o], from}, {stacks[o], slot});
  }
  Value at = multiply(b, loc, chunk, columns);
  for (unsigned o = 0; o < nest.outputs.size(); ++o)
    combine(b, o, {stacks[o], slot}, {partials[o], at});
}

void ColumnSums::finish(OpBuilder &b) {
  for (unsigned o = 0; o < nest.outputs.size(); ++o) {
    // partial[i] += partial[i + half] for every other i, twice as far apart
    // in each round.
    for (int64_t half = 1; half < chunks; half *= 2) {
      int64_t pairs = llvm::divideCeil(chunks - half, 2 * half);
      int64_t stride = 2 * half * columns;
      combine(b, o, {partials[o], {}, half * columns, stride},
              {partials[o], {}, 0, stride}, pairs);
    }
    Type type = nest.outputs[o].element;
    bodies.push_back(createBody(b, nest.loc, type, combiners[o]));
    LoopNest last = nest;
    last.body = bodies.back().get();
    last.contraction = false;
    last.inputs = {{partials[o], type, strides}};
    last.outputs = {nest.outputs[o]};
    last.initial = {nest.initial[o]};
    for (unsigned d = 0; d < nest.size(); ++d)
      if (nest.reduction[d])
        last.extents[d] = 1;
    emit(b, std::move(last));
  }
}

} // namespace mg::codegen
