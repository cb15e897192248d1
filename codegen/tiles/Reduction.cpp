//===- Reduction.cpp - the reduction loops inside a tile ------------------===//
//
// A float sum of n numbers, one after the other, is off by n roundings; in
// pairs by log2(n). Pairs of single numbers would be slow, so blocks of
// `blockSteps` steps are summed in order, and the blocks in pairs, as a binary
// counter counts: `stack[l]` holds the sum of 2^l blocks,
//
//   block 0 -> [0]            block 2 -> [0]       (and [1] from before)
//   block 1 -> [0]+it -> [1]  block 3 -> [1]+([0]+it) -> [2]
//
// so block b is merged with as many levels as b has trailing ones. At the end
// the levels of the bits set in the number of blocks are added, lowest first.
// Along the lanes the last sum is a tree of halves over `virtualLanes`: the
// same order for 4, 8 and 16 lanes.
//
//===----------------------------------------------------------------------===//
#include "codegen/tiles/TileEmitter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/ADT/ScopeExit.h"

using namespace mlir;

namespace mg::codegen {

/// Sums this short meet the bound in order: n - 1 <= ceil(log2(n)) + 8.
static constexpr int64_t shortSum = 13;

/// Elements of the innermost reduction loop that one step takes.
int64_t TileEmitter::stepSize() const {
  return plan.isRowStyle() ? plan.vecs * plan.lanes : 1;
}

int64_t TileEmitter::innermostBlocks() const {
  return llvm::divideCeil(nest.extents[plan.reduction.back()],
                          blockSteps * stepSize());
}

TileEmitter::Values TileEmitter::reduce(Tile tile) {
  int64_t blocks = innermostBlocks(), total = 1;
  for (unsigned d : plan.reduction)
    total *= nest.extents[d];
  for (unsigned d : ArrayRef(plan.reduction).drop_back())
    blocks *= nest.extents[d];
  if (isGuarded())
    return reduceGuarded(tile);
  Values accumulators = initialAccumulators(tile);
  if (plan.sliding >= 0 && isUnrolled(tile))
    return slide(tile, accumulators);
  if (!plan.pairwise || blocks == 1 || total <= shortSum)
    return reduceInOrder(0, tile, accumulators);
  createStacks(blocks);
  pushBlocks(0, tile, constant(0));
  return popAll(blocks);
}

bool TileEmitter::isUnrolled(Tile tile) const {
  int64_t vectors = tile.rows * tile.vecs;
  for (unsigned d : plan.reduction)
    vectors *= nest.extents[d];
  return nest.contraction && !plan.isRowStyle() && !pass &&
         llvm::none_of(plan.reduction,
                       [&](unsigned d) { return isPartial(d); }) &&
         vectors <= maxUnrolled;
}

TileEmitter::Values TileEmitter::reduceInOrder(unsigned level, Tile tile,
                                               Values accumulators) {
  unsigned d = plan.reduction[level];
  Share all{constant(0), nest.extents[d]};
  Share part = pass && level == 0 ? *pass : all;
  const bool isLast = level + 1 == plan.reduction.size();
  const bool unrolled = isUnrolled(tile);
  if (isLast && !unrolled)
    return steps(tile, part.begin, part.length, accumulators);
  auto iterate = [&](Value iv, ValueRange in) {
    ivs[d] = add(part.begin, iv);
    return isLast ? step(tile, in) : reduceInOrder(level + 1, tile, in);
  };
  if (unrolled)
    for (int64_t i = 0; i < part.length; ++i)
      accumulators = iterate(constant(i), accumulators);
  else
    accumulators = loop(0, part.length, 1, accumulators, iterate);
  ivs[d] = constant(0);
  return accumulators;
}

/// Whether the innermost loop of a window's sums is so short that its end, and
/// the beginning of the next, cost about as much as a step. (LLVM loads ahead
/// for all of them: where sums leave few registers, tiles of 8 x 3 of 32 ones,
/// or any of 16, it spills, and they take up to half as long again.)
bool TileEmitter::areFewSteps(Tile tile, int64_t count) const {
  constexpr int64_t fewSteps = 5, loadedAhead = 16;
  return nest.contraction && !plan.isRowStyle() && plan.reduction.size() > 1 &&
         count <= fewSteps &&
         tile.rows * tile.vecs + loadedAhead <= plan.registers;
}

TileEmitter::Values TileEmitter::steps(Tile tile, Value begin, int64_t count,
                                       Values accumulators) {
  unsigned d = plan.reduction.back();
  int64_t size = stepSize(), rest = count % size;
  if (plan.isRowStyle())
    tile = tileOf(tile.rows, size);
  Value whole = add(begin, constant(count - rest));
  auto atRest = [&] {
    ivs[d] = whole;
    return step(tileOf(tile.rows, rest), accumulators);
  };
  if (isPartial(d)) {
    accumulators = partialLoop(begin, whole, size, accumulators,
                               [&](Value iv, ValueRange in) {
                                 ivs[d] = iv;
                                 return step(tile, in);
                               });
    if (rest)
      accumulators = ifWanted(whole, accumulators, atRest);
  } else if (plan.chains > 1) {
    accumulators = stepsInChains(tile, begin, count, accumulators);
  } else if (isInPieces(count)) {
    accumulators = stepsInPieces(tile, begin, count, accumulators);
  } else {
    auto iterate = [&](Value iv, ValueRange in) {
      ivs[d] = add(begin, iv);
      askForNext();
      return step(tile, in);
    };
    if (areFewSteps(tile, count))
      for (int64_t i = 0; i < count; ++i)
        accumulators = iterate(constant(i), accumulators);
    else
      accumulators = loop(0, count - rest, size, accumulators, iterate);
    if (rest)
      accumulators = atRest();
  }
  ivs[d] = constant(0);
  return accumulators;
}

/// Equal parts side by side, each into sums of its own; what is left over goes
/// into the first ones, to which the others are added in pairs.
TileEmitter::Values TileEmitter::stepsInChains(Tile tile, Value begin,
                                               int64_t count,
                                               Values accumulators) {
  const unsigned d = plan.reduction.back();
  const int64_t part = count / plan.chains;
  const size_t perChain = accumulators.size();
  Values all(accumulators);
  for (int64_t chain = 1; chain < plan.chains; ++chain)
    llvm::append_range(all, neutralAccumulators());
  all = loop(0, part, 1, all, [&](Value iv, ValueRange in) {
    Values sums;
    for (int64_t chain = 0; chain < plan.chains; ++chain) {
      ivs[d] = add(add(begin, constant(chain * part)), iv);
      Values own(in.slice(chain * perChain, perChain));
      llvm::append_range(sums, step(tile, own));
    }
    return sums;
  });
  SmallVector<Values> chains;
  for (int64_t chain = 0; chain < plan.chains; ++chain)
    chains.emplace_back(ArrayRef(all).slice(chain * perChain, perChain));
  for (int64_t i = plan.chains * part; i < count; ++i) {
    ivs[d] = add(begin, constant(i));
    chains.front() = step(tile, chains.front());
  }
  for (int64_t half = plan.chains / 2; half > 0; half /= 2)
    for (int64_t chain = 0; chain < half; ++chain)
      chains[chain] = combineAll(chains[chain], chains[chain + half]);
  return chains.front();
}

void TileEmitter::pushBlocks(unsigned level, Tile tile, Value before) {
  unsigned d = plan.reduction[level];
  int64_t extent = nest.extents[d];
  if (level + 1 < plan.reduction.size()) {
    loop(0, extent, 1, {}, [&](Value iv, ValueRange) -> Values {
      ivs[d] = iv;
      pushBlocks(level + 1, tile, add(multiply(before, extent), iv));
      return {};
    });
    ivs[d] = constant(0);
    return;
  }
  int64_t size = blockSteps * stepSize(), full = extent / size;
  Value first = multiply(before, innermostBlocks());
  auto pushBlock = [&](Value block, int64_t count) {
    Values sums =
        steps(tile, multiply(block, size), count, initialAccumulators(tile));
    push(add(first, block), sums);
  };
  loop(0, full, 1, {}, [&](Value block, ValueRange) -> Values {
    pushBlock(block, size);
    return {};
  });
  if (extent % size)
    pushBlock(constant(full), extent % size);
}

//===----------------------------------------------------------------------===//
// Accumulators
//===----------------------------------------------------------------------===//

/// Whether the sums of a tile begin with what the output holds.
bool TileEmitter::startsFromOutput(unsigned output) const {
  return !plan.combiners[output] || partial ||
         (nest.contraction && nest.initial[output] && !plan.isRowStyle());
}

Value TileEmitter::neutralOf(unsigned output) {
  TypedAttr neutral = *arith::getNeutralElement(plan.combiners[output]);
  return asVector(b.create<arith::ConstantOp>(loc, neutral));
}

TileEmitter::Values TileEmitter::neutralAccumulators() {
  Values accumulators;
  for (unsigned o : reduced)
    accumulators.append(accumulatorRows * accumulatorVecs, neutralOf(o));
  return accumulators;
}

/// What the output holds, or the neutral element where that is added at the
/// end.
TileEmitter::Values TileEmitter::initialAccumulators(Tile tile) {
  seen.clear();
  bases.clear();
  if (partial)
    swapPartial();
  auto putBack = llvm::make_scope_exit([&] {
    if (partial)
      swapPartial();
  });
  Values accumulators;
  for (unsigned o : reduced)
    for (int64_t row = 0; row < accumulatorRows; ++row)
      for (int64_t vec = 0; vec < accumulatorVecs; ++vec) {
        if (!startsFromOutput(o)) {
          accumulators.push_back(neutralOf(o));
          continue;
        }
        Place place{row, vec, vec + 1 == tile.vecs ? tile.last : plan.lanes};
        accumulators.push_back(asVector(read(nest.inputs.size() + o, place)));
      }
  return accumulators;
}

Value TileEmitter::combine(unsigned output, Value x, Value y) {
  Operation *op = plan.combiners[output];
  OperationState state(loc, op->getName(), {x, y}, {x.getType()}, {});
  state.addAttributes(op->getDiscardableAttrDictionary().getValue());
  state.propertiesAttr = op->getPropertiesAsAttribute();
  return b.create(state)->getResult(0);
}

TileEmitter::Values TileEmitter::combineAll(ArrayRef<Value> x,
                                            ArrayRef<Value> y) {
  Values all;
  unsigned perOutput = accumulatorRows * accumulatorVecs;
  for (unsigned i = 0; i < x.size(); ++i)
    all.push_back(combine(reduced[i / perOutput], x[i], y[i]));
  return all;
}

/// The tree of halves: lane i with lane i + n/2, down to one element.
Value TileEmitter::foldLanes(unsigned output, ArrayRef<Value> vectors) {
  auto join = [&](Value x, Value y) {
    return guarding ? compareAndSelect(output, x, y) : combine(output, x, y);
  };
  Values level(vectors);
  while (level.size() > 1) {
    size_t half = level.size() / 2;
    for (size_t i = 0; i < half; ++i)
      level[i] = join(level[i], level[i + half]);
    level.resize(half);
  }
  Value v = level.front();
  for (int64_t half = plan.lanes / 2; half > 1; half /= 2) {
    auto lower = llvm::to_vector(llvm::seq<int64_t>(0, half));
    auto upper = llvm::to_vector(llvm::seq<int64_t>(half, 2 * half));
    v = join(b.create<vector::ShuffleOp>(loc, v, v, lower),
             b.create<vector::ShuffleOp>(loc, v, v, upper));
  }
  return join(b.create<vector::ExtractOp>(loc, v, 0),
              b.create<vector::ExtractOp>(loc, v, 1));
}

/// The complete sum of an output at a place of the tile.
Value TileEmitter::finish(unsigned i, Place place, ArrayRef<Value> sums) {
  unsigned o = reduced[i], at = accumulator(i, place.row, place.vec);
  bool isFolded = isGuarded() && plan.isRowStyle();
  Value sum = sums[isFolded ? i * accumulatorRows + place.row : at];
  if (plan.isRowStyle() && !isFolded)
    sum = foldLanes(o, sums.slice(at, accumulatorVecs));
  if (startsFromOutput(o) || nest.overwrite)
    return sum;
  Value old = read(nest.inputs.size() + o, place);
  return combine(o, plan.isRowStyle() ? old : asVector(old), sum);
}

void TileEmitter::storeAccumulators(Tile tile, Values accumulators) {
  seen.clear();
  bases.clear();
  if (!isLastPass) {
    swapPartial();
    for (int64_t row = 0; row < tile.rows; ++row)
      for (int64_t vec = 0; vec < tile.vecs; ++vec)
        write(reduced.front(), placeOf(tile, row, vec),
              accumulators[accumulator(0, row, vec)]);
    swapPartial();
    return;
  }
  int64_t vecs = plan.isRowStyle() ? 1 : tile.vecs;
  Values sums;
  turnedRows = nest.contraction && !plan.isRowStyle() && nest.epilogues.empty()
                   ? tile.rows
                   : 0;
  for (unsigned i = 0; i < reduced.size(); ++i)
    for (int64_t row = 0; row < tile.rows; ++row)
      for (int64_t vec = 0; vec < vecs; ++vec) {
        Place place = placeOf(tile, row, vec);
        sums.push_back(finish(i, place, accumulators));
        if (nest.epilogues.empty())
          write(reduced[i], place, sums.back());
      }
  finishTurned();
  if (!nest.epilogues.empty())
    emitEpilogues(tile, sums);
}

//===----------------------------------------------------------------------===//
// The stack of partial sums
//===----------------------------------------------------------------------===//

void TileEmitter::createStacks(int64_t blocks) {
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(frame());
  int64_t perLevel = accumulatorRows * accumulatorVecs * plan.lanes;
  stacks.clear();
  for (unsigned o : reduced)
    stacks.push_back(b.create<memref::AllocaOp>(
        loc,
        MemRefType::get({(llvm::Log2_64(blocks) + 1) * perLevel},
                        nest.outputs[o].element),
        b.getI64IntegerAttr(64)));
}

Value TileEmitter::stackIndex(Value level, unsigned vector) {
  int64_t perLevel = accumulatorRows * accumulatorVecs * plan.lanes;
  return add(multiply(level, perLevel), constant(vector * plan.lanes));
}

TileEmitter::Values TileEmitter::loadLevel(Value level) {
  Values loaded;
  for (auto [i, o] : llvm::enumerate(reduced))
    for (unsigned v = 0; v < accumulatorRows * accumulatorVecs; ++v)
      loaded.push_back(
          loadVector(nest.outputs[o].element, stacks[i], stackIndex(level, v)));
  return loaded;
}

void TileEmitter::push(Value block, Values sums) {
  Value next = b.create<arith::IndexCastOp>(loc, b.getI64Type(),
                                            add(block, constant(1)));
  Value merges = b.create<arith::IndexCastOp>(
      loc, b.getIndexType(), b.create<math::CountTrailingZerosOp>(loc, next));
  Values merged =
      loop(constant(0), merges, 1, sums, [&](Value level, ValueRange in) {
        return combineAll(loadLevel(level), Values(in));
      });
  unsigned perOutput = accumulatorRows * accumulatorVecs;
  for (unsigned i = 0; i < sums.size(); ++i)
    storeVector(merged[i], stacks[i / perOutput],
                stackIndex(merges, i % perOutput));
}

TileEmitter::Values TileEmitter::popAll(int64_t blocks) {
  Values sums;
  for (int64_t level = 0; blocks >> level; ++level) {
    if (!(blocks >> level & 1))
      continue;
    Values older = loadLevel(constant(level));
    sums = sums.empty() ? older : combineAll(older, sums);
  }
  return sums;
}

} // namespace mg::codegen
