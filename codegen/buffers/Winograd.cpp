//===- Winograd.cpp - which convolutions, in which blocks -----------------===//
//
// See Winograd.h.
//
//===----------------------------------------------------------------------===//
#include "codegen/buffers/Winograd.h"

#include "codegen/Passes.h"
#include "codegen/nests/KernelPart.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Matchers.h"

#include <cmath>

using namespace mlir;

namespace mg::codegen {

#define GEN_PASS_DEF_WINOGRAD
#include "codegen/Passes.h.inc"

//===----------------------------------------------------------------------===//
// The convolution
//===----------------------------------------------------------------------===//

static bool areStaticFloats(linalg::GenericOp op) {
  return llvm::all_of(op->getOperands(), [](Value operand) {
    auto type = dyn_cast<ShapedType>(operand.getType());
    return type && type.getElementType().isF32() && type.hasStaticShape();
  });
}

/// `parallel + reduction`, two loops.
static std::optional<std::pair<unsigned, unsigned>>
matchWindow(AffineExpr index, ArrayRef<utils::IteratorType> kinds) {
  auto sum = dyn_cast<AffineBinaryOpExpr>(index);
  if (!sum || sum.getKind() != AffineExprKind::Add)
    return std::nullopt;
  auto x = dyn_cast<AffineDimExpr>(sum.getLHS()),
       y = dyn_cast<AffineDimExpr>(sum.getRHS());
  if (!x || !y)
    return std::nullopt;
  if (kinds[x.getPosition()] == utils::IteratorType::reduction)
    std::swap(x, y);
  if (kinds[x.getPosition()] != utils::IteratorType::parallel ||
      kinds[y.getPosition()] != utils::IteratorType::reduction)
    return std::nullopt;
  return std::pair(x.getPosition(), y.getPosition());
}

/// The loops that the image moves with: one per dimension, and one of the
/// window for two of them.
static bool matchImage(AffineMap map, ArrayRef<utils::IteratorType> kinds,
                       WinogradConv::Loops &loops) {
  unsigned windows = 0, images = 0, channels = 0;
  for (AffineExpr index : map.getResults()) {
    if (auto dim = dyn_cast<AffineDimExpr>(index)) {
      bool isChannel =
          kinds[dim.getPosition()] == utils::IteratorType::reduction;
      (isChannel ? loops.channels : loops.images) = dim.getPosition();
      ++(isChannel ? channels : images);
      continue;
    }
    auto window = matchWindow(index, kinds);
    if (!window || windows == 2)
      return false;
    (windows ? loops.columns : loops.rows) = window->first;
    (windows ? loops.tapColumns : loops.tapRows) = window->second;
    ++windows;
  }
  return windows == 2 && images == 1 && channels == 1;
}

/// 1 where the index is the loop, -1 where it is the window's last one less the
/// loop, else 0.
static int directionOf(AffineExpr index, unsigned loop) {
  AffineExpr dim = getAffineDimExpr(loop, index.getContext());
  return index == dim ? 1 : index == -dim + (WinogradConv::taps - 1) ? -1 : 0;
}

/// The rest of the loops, from what the weights move with.
static bool matchWeights(AffineMap map, ArrayRef<utils::IteratorType> kinds,
                         WinogradConv &conv) {
  WinogradConv::Loops &loops = conv.loops;
  if (map.getNumResults() != 4)
    return false;
  bool hasChannel = false, hasResult = false;
  int rows = 0, columns = 0;
  for (AffineExpr index : map.getResults()) {
    auto dim = dyn_cast<AffineDimExpr>(index);
    if (int direction = directionOf(index, loops.tapRows)) {
      rows = direction;
    } else if (int direction = directionOf(index, loops.tapColumns)) {
      columns = direction;
    } else if (dim && dim.getPosition() == loops.channels) {
      hasChannel = true;
      conv.areChannelsOutside = !hasResult;
    } else if (dim &&
               kinds[dim.getPosition()] == utils::IteratorType::parallel) {
      loops.results = dim.getPosition();
      hasResult = true;
    }
  }
  conv.isTurned[0] = rows < 0;
  conv.isTurned[1] = columns < 0;
  return rows && columns && hasChannel && hasResult;
}

/// The sums of products of the first two operands, in f32, of seven loops.
static bool isCandidate(linalg::GenericOp op) {
  unsigned inputs = op.getNumDpsInputs();
  if (!op->hasAttr("mg.contraction") || op.getNumLoops() != 7 ||
      op.getNumDpsInits() != 1 || !areStaticFloats(op) ||
      llvm::is_contained(op.getStaticLoopRanges(), 0))
    return false;
  // What is not read only tells how large the window is.
  return inputs == 2 ||
         (inputs == 3 && op.getBody()->getArgument(2).use_empty());
}

/// The image's map. Where there is one image, its index may be no loop's: then
/// as if it moved with the loop over images, which nothing else read does.
static AffineMap imageMapOf(linalg::GenericOp op) {
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  SmallVector<int64_t> extents = op.getStaticLoopRanges();
  AffineMap map = maps[0];
  auto shape = cast<ShapedType>(op->getOperand(0).getType()).getShape();
  for (unsigned d = 0; d < op.getNumLoops(); ++d) {
    if (extents[d] != 1 || maps[0].isFunctionOfDim(d) ||
        maps[1].isFunctionOfDim(d) || !maps.back().isFunctionOfDim(d))
      continue;
    for (unsigned i = 0; i < map.getNumResults(); ++i)
      if (isa<AffineConstantExpr>(map.getResult(i)) && shape[i] == 1) {
        SmallVector<AffineExpr> indices(map.getResults());
        indices[i] = getAffineDimExpr(d, op.getContext());
        return AffineMap::get(map.getNumDims(), 0, indices, op.getContext());
      }
  }
  return map;
}

static WinogradConv withSizes(WinogradConv conv) {
  SmallVector<int64_t> extents = conv.op.getStaticLoopRanges();
  conv.images = extents[conv.loops.images];
  conv.channels = extents[conv.loops.channels];
  conv.results = extents[conv.loops.results];
  conv.height = extents[conv.loops.rows];
  conv.width = extents[conv.loops.columns];
  return conv;
}

static WinogradConv ofPlanes(linalg::GenericOp op, ArrayRef<int64_t> loops) {
  auto at = [&](unsigned i) { return unsigned(loops[i]); };
  WinogradConv conv{op, {at(0), at(1), at(2), at(3), at(4), at(5), at(6)}};
  conv.isTransformed = true;
  conv.imageMap = imageMapOf(op);
  return withSizes(conv);
}

std::optional<WinogradConv> WinogradConv::match(linalg::GenericOp op) {
  if (auto loops = op->getAttrOfType<DenseI64ArrayAttr>(transformed))
    return ofPlanes(op, loops);
  if (!isCandidate(op))
    return std::nullopt;
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  SmallVector<utils::IteratorType> kinds = op.getIteratorTypesArray();
  SmallVector<int64_t> extents = op.getStaticLoopRanges();
  WinogradConv conv{op};
  conv.imageMap = imageMapOf(op);
  const AffineMap &output = maps.back();
  if (!matchImage(conv.imageMap, kinds, conv.loops) ||
      !matchWeights(maps[1], kinds, conv) || !output.isProjectedPermutation() ||
      output.getNumResults() != 4 || op.getNumParallelLoops() != 4 ||
      extents[conv.loops.tapRows] != taps ||
      extents[conv.loops.tapColumns] != taps)
    return std::nullopt;
  return withSizes(conv);
}

bool WinogradConv::findKernel() {
  start = findStart(op);
  if (!start || !matchPattern(start.getInputs()[0], m_PosZeroFloat()))
    return false;
  if (!isOdd())
    followers = findFollowers(op);
  if (auto alloc = op->getOperand(0).getDefiningOp<memref::AllocOp>())
    frame = PaddedArray::matchBlocks(alloc);
  if (frame && !frame->isLate())
    frame.reset();
  return true;
}

void WinogradConv::startFromZeros() {
  OpBuilder b(op);
  Location loc = op.getLoc();
  Value old = output();
  auto type = cast<MemRefType>(old.getType());
  Value sums = b.create<memref::AllocOp>(
      loc, MemRefType::get(type.getShape(), type.getElementType()));
  Value zero = b.create<arith::ConstantOp>(loc, b.getF32FloatAttr(0));
  b.create<linalg::FillOp>(loc, zero, sums);
  op->setOperand(outputAt(), sums);
  b.setInsertionPointAfter(op);
  AffineMap identity = b.getMultiDimIdentityMap(type.getRank());
  b.create<linalg::GenericOp>(
      loc, sums, old, ArrayRef{identity, identity},
      SmallVector(type.getRank(), utils::IteratorType::parallel),
      [](OpBuilder &body, Location at, ValueRange args) {
        Value sum = body.create<arith::AddFOp>(at, args[1], args[0]);
        body.create<linalg::YieldOp>(at, sum);
      });
}

//===----------------------------------------------------------------------===//
// Costs
//===----------------------------------------------------------------------===//

static constexpr int64_t planes = WinogradConv::in * WinogradConv::in;

/// Cycles of AVX-512, measured: multiply-adds of the convolution (with weights
/// that are turned) and of products per cycle; of a tile for each of its
/// channels and for each of its results; of the weights for a channel and a
/// result.
static constexpr double directPerCycle = 27, turnedPerCycle = 24,
                        productsPerCycle = 27, inputCycles = 12, backCycles = 5,
                        transformCycles = 12;
/// Of loops over a block, for each of its channels and results.
static constexpr double loopCycles = 100;
/// What is more than the second and the third cache hold, of which others have
/// a part, and bytes per cycle from beyond.
static constexpr double secondCache = 1.25 * (1 << 20), thirdCache = 8 << 20,
                        bytesFromThird = 12, bytesFromMemory = 3,
                        bytesFromSecond = 16, bytesInStream = 6;
/// What threads that have a block less than others wait, as a part of what it
/// would cost a single one.
static constexpr double waitShare = 0.2;

/// Bytes of so many weights for each channel and result.
static double weightBytes(const WinogradConv &conv, int64_t count) {
  return 4.0 * count * conv.channels * conv.results;
}

static constexpr int64_t taps = WinogradConv::taps * WinogradConv::taps;

static double directCycles(const WinogradConv &conv) {
  return double(conv.images) * conv.results * conv.channels * conv.height *
         conv.width * taps /
         (conv.areChannelsOutside ? turnedPerCycle : directPerCycle);
}

bool WinogradBlock::hasPanels(const WinogradConv &conv) const {
  constexpr int64_t manyTiles = 128;
  return conv.isTransformed && tiles() < manyTiles;
}

/// What the vectors of a block have room for, by what it has: unless lanes run
/// along the results.
static double vectorWaste(const WinogradConv &conv,
                          const WinogradBlock &block) {
  constexpr int64_t lanes = 16;
  const bool alongResults = !conv.isTransformed && conv.areChannelsOutside;
  if (block.hasPanels(conv) || alongResults)
    return 1;
  return double(llvm::alignTo(block.tiles(), lanes)) / block.tiles();
}

/// Cycles to walk through U, V and M, block by block, of which the second cache
/// keeps what it can.
static double walkCycles(const WinogradConv &conv, const WinogradBlock &block,
                         double blocks) {
  const double weights = weightBytes(conv, planes),
               tiles = planes * 4.0 * (conv.channels + conv.results) *
                       block.tiles();
  const double far = std::max(0.0, 1 - secondCache / (weights + tiles));
  auto speedOf = [](double size) {
    return size > thirdCache ? bytesFromMemory : bytesFromThird;
  };
  const double near = conv.isTransformed ? 0 : weights / bytesFromSecond;
  return near * blocks +
         far * blocks *
             (weights /
                  (conv.isTransformed ? bytesInStream : speedOf(weights)) +
              2 * tiles / speedOf(tiles));
}

/// Of the weights, once.
static double weightCycles(const WinogradConv &conv) {
  if (conv.isTransformed)
    return 0;
  double bytes = weightBytes(conv, planes);
  double far = std::max(0.0, 1 - secondCache / bytes);
  return transformCycles * conv.channels * conv.results +
         far * (bytes + weightBytes(conv, taps)) /
             (bytes > thirdCache ? bytesFromMemory : bytesFromThird);
}

/// What two threads wait for each other at the end.
static double waitCycles(double cycles, double blocks) {
  if (blocks < WinogradBlock::enoughBlocks)
    return 0;
  return waitShare * cycles * (2 * std::ceil(blocks / 2) / blocks - 1);
}

/// All blocks.
static double blockCycles(const WinogradConv &conv,
                          const WinogradBlock &block) {
  double tiles = double(conv.images) * conv.tileRows() * conv.tileColumns();
  double pairs = double(conv.channels) * conv.results,
         sides = double(conv.channels) + conv.results;
  double blocks = tiles / block.tiles();
  double products =
      planes * pairs * tiles / productsPerCycle * vectorWaste(conv, block);
  double transforms =
      tiles * (inputCycles * conv.channels + backCycles * conv.results) +
      loopCycles * sides * blocks;
  double cycles = products + transforms + walkCycles(conv, block, blocks);
  return weightCycles(conv) + cycles + waitCycles(cycles, blocks);
}

std::optional<WinogradBlock> WinogradBlock::choose(const WinogradConv &conv,
                                                   bool isForced) {
  WinogradBlock best;
  double least = isForced ? HUGE_VAL : directCycles(conv) * 0.95;
  bool found = false;
  auto consider = [&](WinogradBlock block) {
    double cycles = blockCycles(conv, block);
    if (cycles > least)
      return;
    best = block;
    least = cycles;
    found = true;
  };
  int64_t rows = conv.tileRows(), columns = conv.tileColumns();
  for (int64_t r = 1; r <= rows; ++r)
    if (rows % r == 0)
      consider({1, r, columns});
  for (int64_t n = 2; n <= conv.images; ++n)
    if (conv.images % n == 0)
      consider({n, rows, columns});
  return found ? std::optional(best) : std::nullopt;
}

LoopNest productNest(const WinogradConv &conv, const WinogradBlock &block) {
  linalg::GenericOp op = conv.op;
  LoopNest nest{op.getLoc(), op.getBlock()};
  const int64_t k = conv.results, c = conv.channels, t = block.tiles();
  nest.extents = {planes, k, t, c};
  nest.reduction = {false, false, false, true};
  nest.loopOf = {0, 1, 2, 3};
  nest.indexed.assign(4, false);
  nest.contraction = true;
  Type f32 = Float32Type::get(op.getContext());
  nest.inputs = {{op->getOperand(1), f32, {k * c, c, 0, 1}},
                 {op->getOperand(0), f32, {c * t, 0, 1, t}}};
  nest.outputs = {{conv.output(), f32, {k * t, t, 1, 0}}};
  nest.initial.assign(1, Value());
  nest.first.assign(4, Value());
  return nest;
}

bool isWinograd(linalg::GenericOp op) {
  std::optional<WinogradConv> conv = WinogradConv::match(op);
  return conv && WinogradBlock::choose(*conv, conv->isTransformed);
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

namespace {
struct Winograd : public impl::WinogradBase<Winograd> {
  using WinogradBase::WinogradBase;

  void runOnOperation() override {
    SmallVector<linalg::GenericOp> ops;
    getOperation().walk([&](linalg::GenericOp op) {
      if (op->hasAttr("mg.contraction"))
        ops.push_back(op);
    });
    for (linalg::GenericOp op : ops) {
      std::optional<WinogradConv> conv = WinogradConv::match(op);
      if (!conv)
        continue;
      std::optional<WinogradBlock> block =
          WinogradBlock::choose(*conv, conv->isTransformed);
      if (!block)
        continue;
      bool found = conv->findKernel();
      if (!found && conv->isTransformed) {
        conv->startFromZeros();
        found = conv->findKernel();
      }
      if (found)
        emitWinograd(*conv, *block);
    }
  }
};
} // namespace

} // namespace mg::codegen
