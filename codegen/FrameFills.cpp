//===- FrameFills.cpp - fills of what is around an array ------------------===//
//
// See FrameFills.h.
//
//===----------------------------------------------------------------------===//
#include "codegen/FrameFills.h"

#include "codegen/BufferRegions.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

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

static memref::SubViewOp findMiddle(linalg::FillOp fill) {
  const Value buffer = fill.getOutputs()[0];
  for (Operation *op = fill->getNextNode(); op; op = op->getNextNode()) {
    if (memref::SubViewOp view = overwrittenBy(op, buffer))
      return view;
    if (!avoids(op, buffer))
      return {};
  }
  return {};
}

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

void frameFills(RewriterBase &rewriter, Operation *root) {
  SmallVector<linalg::FillOp> fills;
  root->walk([&](linalg::FillOp fill) { fills.push_back(fill); });
  for (linalg::FillOp fill : fills) {
    auto type = dyn_cast<MemRefType>(fill.getOutputs()[0].getType());
    if (!type || !type.hasStaticShape() || fill->hasAttr("mg.kernel"))
      continue;
    memref::SubViewOp middle = findMiddle(fill);
    if (middle && isWorthIt(type, middle.getType()))
      fillFrame(rewriter, fill, middle);
  }
}

} // namespace mg::codegen
