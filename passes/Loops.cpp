//===- Loops.cpp - linalg.generic ops from any affine accesses ------------===//

#include "passes/Loops.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace mlir::mg;

Loops Loops::of(linalg::LinalgOp op) {
  return {op.getStaticLoopRanges(), op.getIteratorTypesArray()};
}

Loops Loops::parallel(ArrayRef<int64_t> shape) {
  return {SmallVector<int64_t>(shape),
          SmallVector<utils::IteratorType>(shape.size(),
                                           utils::IteratorType::parallel)};
}

/// The leading part of `access.tensor` that is as long as the loops which index
/// it directly.
static Value cropToLoops(OpBuilder &builder, Location loc, const Access &access,
                         ArrayRef<int64_t> bounds) {
  auto type = dyn_cast<RankedTensorType>(access.tensor.getType());
  if (!type)
    return access.tensor;
  SmallVector<int64_t> shape(type.getShape());
  for (auto [size, index] : llvm::zip(shape, access.map.getResults()))
    if (auto loop = dyn_cast<AffineDimExpr>(index))
      size = bounds[loop.getPosition()];
  if (ArrayRef(shape) == type.getShape())
    return access.tensor;
  SmallVector<OpFoldResult> zeros(shape.size(), builder.getIndexAttr(0));
  SmallVector<OpFoldResult> ones(shape.size(), builder.getIndexAttr(1));
  return builder.create<tensor::ExtractSliceOp>(
      loc, access.tensor, zeros,
      getAsIndexOpFoldResult(loc.getContext(), shape), ones);
}

/// The loops that index no operand directly.
static SmallVector<unsigned> unboundedLoops(unsigned count,
                                            ArrayRef<AffineMap> maps) {
  llvm::SmallBitVector bounded(count);
  for (AffineMap map : maps)
    for (AffineExpr index : map.getResults())
      if (auto loop = dyn_cast<AffineDimExpr>(index))
        bounded.set(loop.getPosition());
  SmallVector<unsigned> loops;
  for (unsigned loop = 0; loop < count; ++loop)
    if (!bounded.test(loop))
      loops.push_back(loop);
  return loops;
}

/// An operand, never read, whose shape says how long `unbounded` loops are.
static Access boundsOperand(OpBuilder &builder, Location loc,
                            ArrayRef<unsigned> unbounded,
                            ArrayRef<int64_t> bounds, Type elementType) {
  SmallVector<int64_t> shape;
  SmallVector<AffineExpr> indices;
  for (unsigned loop : unbounded) {
    shape.push_back(bounds[loop]);
    indices.push_back(builder.getAffineDimExpr(loop));
  }
  Value empty = builder.create<tensor::EmptyOp>(loc, shape, elementType);
  return {empty,
          AffineMap::get(bounds.size(), 0, indices, builder.getContext())};
}

linalg::GenericOp mg::createGeneric(OpBuilder &builder, Location loc,
                                    const Loops &loops, ArrayRef<Access> inputs,
                                    ArrayRef<Access> outputs,
                                    std::unique_ptr<Block> body) {
  SmallVector<Value> ins, outs;
  SmallVector<AffineMap> maps;
  for (const Access &input : inputs) {
    ins.push_back(cropToLoops(builder, loc, input, loops.bounds));
    maps.push_back(input.map);
  }
  for (const Access &output : outputs) {
    outs.push_back(output.tensor);
    maps.push_back(output.map);
  }
  SmallVector<unsigned> unbounded = unboundedLoops(loops.bounds.size(), maps);
  if (!unbounded.empty()) {
    Type element = getElementTypeOrSelf(outs.front());
    Access access =
        boundsOperand(builder, loc, unbounded, loops.bounds, element);
    body->insertArgument(ins.size(), element, loc);
    maps.insert(maps.begin() + ins.size(), access.map);
    ins.push_back(access.tensor);
  }
  auto op = builder.create<linalg::GenericOp>(loc, ValueRange(outs).getTypes(),
                                              ins, outs, maps, loops.iterators);
  op.getRegion().push_back(body.release());
  return op;
}

linalg::GenericOp mg::createGeneric(
    OpBuilder &builder, Location loc, const Loops &loops,
    ArrayRef<Access> inputs, ArrayRef<Access> outputs,
    function_ref<SmallVector<Value>(OpBuilder &, ValueRange)> body) {
  auto block = std::make_unique<Block>();
  for (ArrayRef<Access> accesses : {inputs, outputs})
    for (const Access &access : accesses)
      block->addArgument(getElementTypeOrSelf(access.tensor), loc);
  OpBuilder inside(builder.getContext());
  inside.setInsertionPointToEnd(block.get());
  SmallVector<Value> results = body(inside, block->getArguments());
  inside.create<linalg::YieldOp>(loc, results);
  return createGeneric(builder, loc, loops, inputs, outputs, std::move(block));
}

SmallVector<Value> mg::createSequentialLoops(
    OpBuilder &builder, Location loc, ArrayRef<int64_t> shape,
    ValueRange carried,
    function_ref<SmallVector<Value>(OpBuilder &, ValueRange, ValueRange)>
        body) {
  auto constant = [&](int64_t value) -> Value {
    return builder.create<arith::ConstantIndexOp>(loc, value);
  };
  SmallVector<Value> lower(shape.size(), constant(0));
  SmallVector<Value> step(shape.size(), constant(1));
  SmallVector<Value> upper = llvm::map_to_vector(shape, constant);
  auto write = [&](OpBuilder &inside, Location, ValueRange indices,
                   ValueRange values) -> scf::ValueVector {
    SmallVector<Value> next = body(inside, indices, values);
    return {next.begin(), next.end()};
  };
  scf::LoopNest nest =
      scf::buildLoopNest(builder, loc, lower, upper, step, carried, write);
  return {nest.results.begin(), nest.results.end()};
}
