//===- ResolveViews.cpp - Copies that are no more than slices -------------===//
//
// In:    linalg.generic ops that fusion left alone.
// Out:   those that only copy, by a map that slices, drops and inserts
//        dimensions of size 1, as tensor ops that need no memory:
//
//          generic(%x) { yield } with (i) -> (2 * i + 1, 0)
//            =>
//          tensor.extract_slice %x[1, 0] [n, 1] [2, 1]
//
// Never: resolves transposes, repeats, reversals and windows: they stay copies;
//        nor what is reshaped: its elements must lie next to each other.
//
//===----------------------------------------------------------------------===//

#include "passes/Passes.h"
#include "passes/ViewChains.h"

using namespace mlir;
using namespace mlir::mg;
using linalg::GenericOp;

namespace mlir::mg {
#define GEN_PASS_DEF_RESOLVEVIEWS
#include "passes/Passes.h.inc"
} // namespace mlir::mg

namespace {

/// One operand dimension of a slice: offset + stride * (loop or nothing).
struct SlicedDim {
  int64_t offset = 0, stride = 1;
  std::optional<unsigned> loop;
};

} // namespace

/// `index` as offset + stride * loop with stride > 0.
static std::optional<SlicedDim> slicedDim(AffineExpr index) {
  SlicedDim dim;
  if (auto sum = dyn_cast<AffineBinaryOpExpr>(index);
      sum && sum.getKind() == AffineExprKind::Add) {
    auto offset = dyn_cast<AffineConstantExpr>(sum.getRHS());
    if (!offset)
      return std::nullopt;
    dim.offset = offset.getValue();
    index = sum.getLHS();
  }
  if (auto product = dyn_cast<AffineBinaryOpExpr>(index);
      product && product.getKind() == AffineExprKind::Mul) {
    auto stride = dyn_cast<AffineConstantExpr>(product.getRHS());
    if (!stride || stride.getValue() <= 0)
      return std::nullopt;
    dim.stride = stride.getValue();
    index = product.getLHS();
  }
  if (auto constant = dyn_cast<AffineConstantExpr>(index))
    dim.offset += constant.getValue() * dim.stride;
  else if (auto loop = dyn_cast<AffineDimExpr>(index))
    dim.loop = loop.getPosition();
  else
    return std::nullopt;
  return dim;
}

/// The dimensions of a map that keeps the loops in order, each at most once.
static std::optional<SmallVector<SlicedDim>> slicedDims(AffineMap map) {
  SmallVector<SlicedDim> dims;
  int64_t last = -1;
  for (AffineExpr index : map.getResults()) {
    std::optional<SlicedDim> dim = slicedDim(index);
    if (!dim || (dim->loop && static_cast<int64_t>(*dim->loop) <= last))
      return std::nullopt;
    if (dim->loop)
      last = *dim->loop;
    dims.push_back(*dim);
  }
  return dims;
}

/// Whether the result lies evenly in memory for some user: a slice does not.
static bool isMerged(Value tensor) {
  return llvm::any_of(tensor.getUsers(),
                      llvm::IsaPred<tensor::CollapseShapeOp>);
}

/// Splits off dimensions of size 1 so that `kept` of `type` become `tensor`'s.
static Value insertUnitDims(OpBuilder &builder, Location loc, Value tensor,
                            RankedTensorType type,
                            const llvm::SmallBitVector &kept) {
  SmallVector<ReassociationIndices> groups(kept.count());
  int64_t group = -1;
  for (int64_t dim = 0; dim < type.getRank(); ++dim) {
    group += kept.test(dim);
    if (!groups.empty())
      groups[std::max<int64_t>(group, 0)].push_back(dim);
  }
  return builder.create<tensor::ExpandShapeOp>(loc, type, tensor, groups);
}

/// What `op`, a copy, reads as tensor ops without a copy, or null.
static Value resolve(OpBuilder &builder, GenericOp op) {
  OpOperand *input = op.getDpsInputOperand(0);
  auto dims = slicedDims(op.getMatchingIndexingMap(input));
  auto type = cast<RankedTensorType>(op.getResult(0).getType());
  auto source = dyn_cast<RankedTensorType>(input->get().getType());
  if (!dims || !source)
    return {};
  llvm::SmallBitVector kept(type.getRank());
  SmallVector<int64_t> shape;
  SmallVector<OpFoldResult> offsets, sizes, strides;
  for (const SlicedDim &dim : *dims) {
    int64_t size = dim.loop ? type.getDimSize(*dim.loop) : 1;
    if (dim.loop) {
      kept.set(*dim.loop);
      shape.push_back(size);
    }
    offsets.push_back(builder.getIndexAttr(dim.offset));
    sizes.push_back(builder.getIndexAttr(size));
    strides.push_back(builder.getIndexAttr(dim.stride));
  }
  for (int64_t dim = 0; dim < type.getRank(); ++dim)
    if (!kept.test(dim) && type.getDimSize(dim) != 1)
      return {};
  Value slice = builder.createOrFold<tensor::ExtractSliceOp>(
      op.getLoc(), RankedTensorType::get(shape, type.getElementType()),
      input->get(), offsets, sizes, strides);
  return kept.all() ? slice
                    : insertUnitDims(builder, op.getLoc(), slice, type, kept);
}

namespace {

struct ResolveViews : mg::impl::ResolveViewsBase<ResolveViews> {
  void runOnOperation() override {
    getOperation().walk([](GenericOp op) {
      if (!isCopy(op) || isMerged(op.getResult(0)))
        return;
      OpBuilder builder(op);
      if (Value view = resolve(builder, op)) {
        op->replaceAllUsesWith(ValueRange(view));
        op.erase();
      }
    });
  }
};

} // namespace
