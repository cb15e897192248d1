//===- FrameFills.cpp - fills of what is around an array ------------------===//
//
// See FrameFills.h.
//
//===----------------------------------------------------------------------===//
#include "codegen/tiles/FrameFills.h"

#include "codegen/nests/BufferRegions.h"
#include "codegen/nests/VectorPlan.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;

namespace mg::codegen {

/// What the second cache holds is filled faster than its frame is walked: a run
/// of one element takes as long as a line that goes to memory.
static constexpr int64_t leastBytes = 2 << 20, lineBytes = 64;

static int64_t bytesOf(MemRefType type) {
  return type.getNumElements() * type.getElementTypeBitWidth() / 8;
}

/// Contiguous pieces of the frame, at most.
static int64_t countRuns(MemRefType middle) {
  int64_t runs = 2;
  for (int64_t extent : middle.getShape().drop_back())
    runs *= extent;
  return runs;
}

static bool isWorthIt(MemRefType whole, MemRefType middle) {
  return bytesOf(whole) >= leastBytes &&
         2 * middle.getNumElements() >= whole.getNumElements() &&
         2 * countRuns(middle) * lineBytes <= bytesOf(whole);
}

/// The part of `buffer` that `op` overwrites without having read it; null if it
/// does anything else with the buffer.
static memref::SubViewOp overwrittenBy(Operation *op, Value buffer) {
  auto copy = dyn_cast<memref::CopyOp>(op);
  if (!copy || mayOverlap(copy.getSource(), buffer))
    return {};
  auto view = copy.getTarget().getDefiningOp<memref::SubViewOp>();
  const auto isOne = [](int64_t stride) { return stride == 1; };
  if (!view || view.getSource() != buffer || view.getDroppedDims().any() ||
      !llvm::all_of(view.getStaticStrides(), isOne) ||
      ShapedType::isDynamicShape(view.getStaticOffsets()) ||
      ShapedType::isDynamicShape(view.getStaticSizes()))
    return {};
  return view;
}

/// The copy into the middle of what is filled, if that is the next to touch it.
static memref::CopyOp findCopy(linalg::FillOp fill) {
  const Value buffer = fill.getOutputs()[0];
  for (Operation *op = fill->getNextNode(); op; op = op->getNextNode()) {
    if (overwrittenBy(op, buffer))
      return cast<memref::CopyOp>(op);
    if (!avoids(op, buffer))
      return {};
  }
  return {};
}

//===----------------------------------------------------------------------===//
// Pieces
//===----------------------------------------------------------------------===//

/// What the first cache holds of a piece, and what is worth pieces.
static constexpr int64_t mostPiece = 32 << 10, leastPieces = 64 << 10;

namespace {
/// A fill and a copy into its middle, of which the dimensions up to `levels`
/// are the middle's as well.
struct Pieces {
  linalg::FillOp fill;
  memref::CopyOp copy;
  memref::SubViewOp middle;
  unsigned levels = 0;
  int64_t count = 1;

  MemRefType type() { return middle.getSourceType(); }
  bool choose();
  void emit(RewriterBase &b, int64_t grain);

private:
  void emitPiece(RewriterBase &b, Value number);
};
} // namespace

bool Pieces::choose() {
  const int64_t bytes = bytesOf(type());
  for (; levels < type().getRank() && bytes / count > mostPiece; ++levels) {
    const int64_t extent = type().getDimSize(levels);
    if (middle.getStaticOffset(levels) != 0 ||
        middle.getStaticSize(levels) != extent)
      return false;
    count *= extent;
  }
  return bytes >= leastPieces && count > 1;
}

void Pieces::emitPiece(RewriterBase &b, Value number) {
  Location loc = copy.getLoc();
  const unsigned rank = type().getRank();
  SmallVector<OpFoldResult> at(rank, b.getIndexAttr(0)), sizes, ones,
      inside(middle.getMixedOffsets()), middleSizes(middle.getMixedSizes());
  for (int64_t extent : type().getShape())
    sizes.push_back(b.getIndexAttr(extent));
  ones.assign(rank, b.getIndexAttr(1));
  for (unsigned d = levels; d-- > 0;) {
    Value extent = b.create<arith::ConstantIndexOp>(loc, type().getDimSize(d));
    at[d] =
        d ? b.create<arith::RemUIOp>(loc, number, extent).getResult() : number;
    number = b.create<arith::DivUIOp>(loc, number, extent);
    sizes[d] = middleSizes[d] = b.getIndexAttr(1);
  }
  Value piece = b.create<memref::SubViewOp>(loc, middle.getSource(), at, sizes,
                                            ones),
        to = b.create<memref::SubViewOp>(loc, piece, inside, middleSizes, ones),
        from = b.create<memref::SubViewOp>(loc, copy.getSource(), at,
                                           middleSizes, ones);
  b.create<linalg::FillOp>(loc, fill.getInputs()[0], piece);
  b.create<memref::CopyOp>(loc, from, to);
}

void Pieces::emit(RewriterBase &b, int64_t grain) {
  Location loc = copy.getLoc();
  b.setInsertionPoint(copy);
  auto constant = [&](int64_t value) -> Value {
    return b.create<arith::ConstantIndexOp>(loc, value);
  };
  const bool isTask = copy->getParentOfType<scf::ForallOp>();
  const int64_t chunks =
      wantedChunks(2.0 * type().getNumElements(), isTask ? 0 : grain);
  const int64_t perChunk = llvm::divideCeil(count, chunks);
  Value begin = constant(0), end = constant(count);
  if (perChunk < count) {
    auto forall =
        b.create<scf::ForallOp>(loc,
                                ArrayRef<OpFoldResult>{b.getIndexAttr(
                                    llvm::divideCeil(count, perChunk))},
                                ValueRange(), std::nullopt);
    b.setInsertionPointToStart(forall.getBody());
    begin = b.create<arith::MulIOp>(loc, forall.getInductionVar(0),
                                    constant(perChunk));
    Value reach = b.create<arith::AddIOp>(loc, begin, constant(perChunk));
    end = b.create<arith::MinUIOp>(loc, reach, constant(count));
  }
  auto loop = b.create<scf::ForOp>(loc, begin, end, constant(1));
  b.setInsertionPointToStart(loop.getBody());
  emitPiece(b, loop.getInductionVar());
  b.eraseOp(copy);
  if (middle->use_empty())
    b.eraseOp(middle);
  b.eraseOp(fill);
}

//===----------------------------------------------------------------------===//
// Slabs
//===----------------------------------------------------------------------===//

static void fillSlab(RewriterBase &rewriter, linalg::FillOp fill,
                     ArrayRef<int64_t> offsets, ArrayRef<int64_t> sizes) {
  if (llvm::is_contained(sizes, 0))
    return;
  const SmallVector<int64_t> strides(sizes.size(), 1);
  Value slab = rewriter.create<memref::SubViewOp>(
      fill.getLoc(), fill.getOutputs()[0], offsets, sizes, strides);
  rewriter.create<linalg::FillOp>(fill.getLoc(), fill.getInputs()[0], slab);
}

static void fillFrame(RewriterBase &rewriter, linalg::FillOp fill,
                      memref::SubViewOp middle) {
  auto type = cast<MemRefType>(fill.getOutputs()[0].getType());
  SmallVector<int64_t> offsets(type.getRank(), 0), sizes(type.getShape());
  rewriter.setInsertionPoint(fill);
  for (int64_t d = 0; d < type.getRank(); ++d) {
    const int64_t begin = middle.getStaticOffset(d),
                  size = middle.getStaticSize(d), extent = type.getDimSize(d);
    sizes[d] = begin;
    fillSlab(rewriter, fill, offsets, sizes);
    offsets[d] = begin + size;
    sizes[d] = extent - begin - size;
    fillSlab(rewriter, fill, offsets, sizes);
    offsets[d] = begin;
    sizes[d] = size;
  }
  rewriter.eraseOp(fill);
}

void frameFills(RewriterBase &rewriter, Operation *root, int64_t grain) {
  SmallVector<linalg::FillOp> fills;
  root->walk([&](linalg::FillOp fill) { fills.push_back(fill); });
  for (linalg::FillOp fill : fills) {
    auto type = dyn_cast<MemRefType>(fill.getOutputs()[0].getType());
    if (!type || !type.hasStaticShape() || fill->hasAttr("mg.kernel"))
      continue;
    memref::CopyOp copy = findCopy(fill);
    if (!copy || copy->hasAttr("mg.kernel"))
      continue;
    auto middle = copy.getTarget().getDefiningOp<memref::SubViewOp>();
    Pieces pieces{fill, copy, middle};
    if (pieces.choose())
      pieces.emit(rewriter, grain);
    else if (isWorthIt(type, middle.getType()))
      fillFrame(rewriter, fill, middle);
  }
}

} // namespace mg::codegen
