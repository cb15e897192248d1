//===- Winograd.cpp - which convolutions, in which blocks -----------------===//
//
// See Winograd.h.
//
//===----------------------------------------------------------------------===//
#include "codegen/Winograd.h"

#include "codegen/KernelPart.h"
#include "codegen/Passes.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Matchers.h"

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

/// One loop of each kind but two of the image and the window, whose steps are
/// one.
static bool isPlain(const linalg::ConvolutionDimensions &dims) {
  auto isOne = [](int64_t value) { return value == 1; };
  return dims.batch.size() == 1 && dims.outputImage.size() == 2 &&
         dims.outputChannel.size() == 1 && dims.inputChannel.size() == 1 &&
         dims.filterLoop.size() == 2 && dims.depth.empty() &&
         llvm::all_of(dims.strides, isOne) &&
         llvm::all_of(dims.dilations, isOne);
}

std::optional<WinogradConv> WinogradConv::match(linalg::GenericOp op) {
  if (!op->hasAttr("mg.contraction") || op.getNumDpsInputs() != 2 ||
      !areStaticFloats(op))
    return std::nullopt;
  FailureOr<linalg::ConvolutionDimensions> dims =
      linalg::inferConvolutionDims(op);
  if (failed(dims) || !isPlain(*dims) || op.getNumLoops() != 7)
    return std::nullopt;
  SmallVector<int64_t> extents = op.getStaticLoopRanges();
  if (llvm::is_contained(extents, 0) || extents[dims->filterLoop[0]] != taps ||
      extents[dims->filterLoop[1]] != taps)
    return std::nullopt;
  WinogradConv conv{op, *dims};
  conv.images = extents[dims->batch[0]];
  conv.channels = extents[dims->inputChannel[0]];
  conv.results = extents[dims->outputChannel[0]];
  conv.height = extents[dims->outputImage[0]];
  conv.width = extents[dims->outputImage[1]];
  return conv;
}

bool WinogradConv::findKernel() {
  start = findStart(op);
  if (!start || !matchPattern(start.getInputs()[0], m_PosZeroFloat()))
    return false;
  if (!isOdd())
    followers = findFollowers(op);
  return true;
}

//===----------------------------------------------------------------------===//
// Costs
//===----------------------------------------------------------------------===//

/// Cycles of AVX-512, measured: multiply-adds of the convolution and of
/// products per cycle; of a tile for each of its channels and for each of its
/// results; of the weights for a channel and a result.
static constexpr double directPerCycle = 27, productsPerCycle = 24,
                        inputCycles = 12, backCycles = 5, weightCycles = 12;
/// What is more than the second and the third cache hold, of which others have
/// a part, and bytes per cycle from beyond.
static constexpr double secondCache = 1 << 20, thirdCache = 8 << 20,
                        bytesFromThird = 12, bytesFromMemory = 3;

static double directCycles(const WinogradConv &conv) {
  return double(conv.images) * conv.results * conv.channels * conv.height *
         conv.width * (WinogradConv::taps * WinogradConv::taps) /
         directPerCycle;
}

/// Cycles to walk `bytes` of an array of `size`, of which the second cache
/// keeps what it can.
static double walkCycles(double bytes, double size) {
  double far = std::max(0.0, 1 - secondCache / size);
  return bytes * far / (size > thirdCache ? bytesFromMemory : bytesFromThird);
}

/// All blocks.
static double blockCycles(const WinogradConv &conv,
                          const WinogradBlock &block) {
  constexpr double planes = WinogradConv::in * WinogradConv::in,
                   taps = WinogradConv::taps * WinogradConv::taps;
  double tiles = double(conv.images) * conv.tileRows() * conv.tileColumns();
  double pairs = double(conv.channels) * conv.results,
         sides = double(conv.channels) + conv.results;
  double products = planes * pairs * tiles / productsPerCycle;
  double transforms =
      tiles * (inputCycles * conv.channels + backCycles * conv.results) +
      weightCycles * pairs;
  double blocks = tiles / block.tiles();
  // Weights are written once and read by each block; the rest once.
  double weightBytes = planes * 4 * pairs,
         tileBytes = planes * 4 * sides * block.tiles();
  return products + transforms +
         walkCycles(weightBytes * (1 + blocks) + taps * 4 * pairs,
                    weightBytes) +
         walkCycles(2 * tileBytes * blocks, tileBytes);
}

std::optional<WinogradBlock> WinogradBlock::choose(const WinogradConv &conv) {
  WinogradBlock best;
  double least = directCycles(conv) * 0.95;
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

bool isWinograd(linalg::GenericOp op) {
  std::optional<WinogradConv> conv = WinogradConv::match(op);
  return conv && WinogradBlock::choose(*conv);
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
      std::optional<WinogradBlock> block = WinogradBlock::choose(*conv);
      if (block && conv->findKernel())
        emitWinograd(*conv, *block);
    }
  }
};
} // namespace

} // namespace mg::codegen
