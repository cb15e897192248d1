//===- ViewMaps.cpp - where the elements of a view lie --------------------===//
//
// Each view op twice: as strides over memory (`viewOf`, types are static and
// verified), and as an affine map from the result's index to the operand's
// (`getViewMap`).
//
//===----------------------------------------------------------------------===//
#include "ir/Ops.h"

using namespace mlir;
using namespace mlir::mg;

StridedView StridedView::rowMajor(ArrayRef<int64_t> sizes) {
  StridedView view;
  view.sizes.assign(sizes.begin(), sizes.end());
  view.strides.resize(sizes.size());
  int64_t stride = 1;
  for (size_t i = sizes.size(); i-- > 0;) {
    view.strides[i] = stride;
    stride *= sizes[i];
  }
  return view;
}

static ArrayRef<int64_t> listOf(DictionaryAttr attributes, StringRef key) {
  return cast<DenseI64ArrayAttr>(attributes.get(key)).asArrayRef();
}

static int64_t numberOf(DictionaryAttr attributes, StringRef key) {
  return cast<IntegerAttr>(attributes.get(key)).getInt();
}

/// A view of the result's sizes and the operand's offset, strides still 0.
static StridedView resized(const StridedView &operand,
                           RankedTensorType result) {
  StridedView view;
  view.offset = operand.offset;
  view.sizes.assign(result.getShape().begin(), result.getShape().end());
  view.strides.assign(view.sizes.size(), 0);
  return view;
}

static AffineExpr d(int64_t i, MLIRContext *context) {
  return getAffineDimExpr(i, context);
}

/// The map of a view whose operand index is `exprs`.
static AffineMap mapOf(Operation *op, ArrayRef<AffineExpr> exprs) {
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  return AffineMap::get(type.getRank(), 0, exprs, op->getContext());
}

//===----------------------------------------------------------------------===//
// Reshape
//===----------------------------------------------------------------------===//

/// Splits both shapes into runs of equal products: each run of the operand
/// must lie evenly in memory (one stride for all of it), then the dimensions of
/// the result's run subdivide that stride. Dimensions of size 1 do not count.
FailureOr<StridedView> ReshapeOp::viewOf(const StridedView &operand,
                                         RankedTensorType, DictionaryAttr,
                                         RankedTensorType resultType) {
  StridedView view = resized(operand, resultType);
  if (resultType.getNumElements() == 0) {
    view.strides = StridedView::rowMajor(view.sizes).strides;
    return view;
  }
  SmallVector<std::pair<int64_t, int64_t>> from; // size, stride
  for (auto [size, stride] : llvm::zip(operand.sizes, operand.strides))
    if (size != 1)
      from.push_back({size, stride});
  size_t next = 0, i = 0, rank = view.sizes.size();
  while (i < rank) {
    if (view.sizes[i] == 1) {
      ++i;
      continue;
    }
    // A run of the result [i, end), of the operand [next, last].
    size_t end = i + 1, last = next;
    int64_t to = view.sizes[i], product = from[next].first;
    while (to != product) {
      if (to < product) {
        to *= view.sizes[end++];
        continue;
      }
      ++last;
      product *= from[last].first;
      if (from[last - 1].second != from[last].first * from[last].second)
        return failure();
    }
    int64_t stride = from[last].second;
    for (size_t k = end; k-- > i;) {
      view.strides[k] = stride;
      stride *= view.sizes[k];
    }
    next = last + 1;
    i = end;
  }
  return view;
}

/// Only dimensions of size 1 come or go.
AffineMap ReshapeOp::getViewMap() {
  ArrayRef<int64_t> to = getResult().getType().getShape();
  SmallVector<AffineExpr> exprs;
  size_t next = 0;
  auto skipOnes = [&] {
    while (next < to.size() && to[next] == 1)
      ++next;
  };
  for (int64_t size : getX().getType().getShape()) {
    if (size == 1) {
      exprs.push_back(getAffineConstantExpr(0, getContext()));
      continue;
    }
    skipOnes();
    if (next == to.size() || to[next] != size)
      return {};
    exprs.push_back(d(next++, getContext()));
  }
  skipOnes();
  return next == to.size() ? mapOf(*this, exprs) : AffineMap();
}

//===----------------------------------------------------------------------===//
// Transpose, broadcast, slice, reverse
//===----------------------------------------------------------------------===//

FailureOr<StridedView> TransposeOp::viewOf(const StridedView &operand,
                                           RankedTensorType,
                                           DictionaryAttr attributes,
                                           RankedTensorType resultType) {
  StridedView view = resized(operand, resultType);
  for (auto [i, dim] : llvm::enumerate(listOf(attributes, "perm")))
    view.strides[i] = operand.strides[dim];
  return view;
}

AffineMap TransposeOp::getViewMap() {
  SmallVector<AffineExpr> exprs(getPerm().size());
  for (auto [i, dim] : llvm::enumerate(getPerm()))
    exprs[dim] = d(i, getContext());
  return mapOf(*this, exprs);
}

FailureOr<StridedView> BroadcastOp::viewOf(const StridedView &operand,
                                           RankedTensorType,
                                           DictionaryAttr attributes,
                                           RankedTensorType resultType) {
  StridedView view = resized(operand, resultType);
  for (auto [i, dim] : llvm::enumerate(listOf(attributes, "dims")))
    if (operand.sizes[i] != 1)
      view.strides[dim] = operand.strides[i];
  return view;
}

AffineMap BroadcastOp::getViewMap() {
  SmallVector<AffineExpr> exprs;
  for (auto [size, dim] : llvm::zip(getX().getType().getShape(), getDims()))
    exprs.push_back(size == 1 ? getAffineConstantExpr(0, getContext())
                              : d(dim, getContext()));
  return mapOf(*this, exprs);
}

FailureOr<StridedView> SliceOp::viewOf(const StridedView &operand,
                                       RankedTensorType,
                                       DictionaryAttr attributes,
                                       RankedTensorType resultType) {
  StridedView view = resized(operand, resultType);
  ArrayRef<int64_t> lo = listOf(attributes, "lo"),
                    step = listOf(attributes, "step");
  bool isEmpty = resultType.getNumElements() == 0;
  for (size_t i = 0; i < lo.size(); ++i) {
    // Of nothing, not even the first element has an address. A step over no
    // second element may be huge.
    view.offset += isEmpty ? 0 : lo[i] * operand.strides[i];
    view.strides[i] = view.sizes[i] > 1 ? operand.strides[i] * step[i] : 0;
  }
  return view;
}

AffineMap SliceOp::getViewMap() {
  SmallVector<AffineExpr> exprs;
  for (auto [i, lo, step] : llvm::enumerate(getLo(), getStep()))
    exprs.push_back(d(i, getContext()) * step + lo);
  return mapOf(*this, exprs);
}

FailureOr<StridedView> ReverseOp::viewOf(const StridedView &operand,
                                         RankedTensorType,
                                         DictionaryAttr attributes,
                                         RankedTensorType resultType) {
  StridedView view = operand;
  bool isEmpty = resultType.getNumElements() == 0;
  for (int64_t dim : listOf(attributes, "dims")) {
    view.offset += isEmpty ? 0 : (view.sizes[dim] - 1) * view.strides[dim];
    view.strides[dim] = -view.strides[dim];
  }
  return view;
}

AffineMap ReverseOp::getViewMap() {
  SmallVector<AffineExpr> exprs;
  for (auto [i, size] : llvm::enumerate(getX().getType().getShape())) {
    AffineExpr index = d(i, getContext());
    bool isReversed = llvm::is_contained(getDims(), i);
    if (isReversed && ShapedType::isDynamic(size))
      return {};
    exprs.push_back(isReversed ? size - 1 - index : index);
  }
  return mapOf(*this, exprs);
}

//===----------------------------------------------------------------------===//
// Unfold, diagonal
//===----------------------------------------------------------------------===//

FailureOr<StridedView> UnfoldOp::viewOf(const StridedView &operand,
                                        RankedTensorType operandType,
                                        DictionaryAttr attributes,
                                        RankedTensorType resultType) {
  StridedView view = resized(operand, resultType);
  llvm::copy(operand.strides, view.strides.begin());
  ArrayRef<int64_t> dims = listOf(attributes, "dims"),
                    stride = listOf(attributes, "stride"),
                    dilation = listOf(attributes, "dilation");
  // As in a slice: a step over no second element may be huge.
  auto scaled = [&](size_t resultDim, int64_t dim, int64_t factor) {
    bool counts = view.sizes[resultDim] > 1;
    view.strides[resultDim] = counts ? operand.strides[dim] * factor : 0;
  };
  for (size_t i = 0; i < dims.size(); ++i) {
    scaled(dims[i], dims[i], stride[i]);
    scaled(operandType.getRank() + i, dims[i], dilation[i]);
  }
  return view;
}

AffineMap UnfoldOp::getViewMap() {
  int64_t rank = getX().getType().getRank();
  SmallVector<AffineExpr> exprs;
  for (int64_t i = 0; i < rank; ++i)
    exprs.push_back(d(i, getContext()));
  for (auto [i, dim] : llvm::enumerate(getDims()))
    exprs[dim] = exprs[dim] * getStride()[i] +
                 d(rank + i, getContext()) * getDilation()[i];
  return mapOf(*this, exprs);
}

FailureOr<StridedView> DiagonalOp::viewOf(const StridedView &operand,
                                          RankedTensorType,
                                          DictionaryAttr attributes,
                                          RankedTensorType resultType) {
  StridedView view = resized(operand, resultType);
  int64_t dim0 = numberOf(attributes, "dim0"),
          dim1 = numberOf(attributes, "dim1");
  size_t next = 0;
  for (int64_t i = 0, e = operand.sizes.size(); i < e; ++i)
    if (i != dim0 && i != dim1)
      view.strides[next++] = operand.strides[i];
  view.strides[next] = operand.strides[dim0] + operand.strides[dim1];
  return view;
}

AffineMap DiagonalOp::getViewMap() {
  int64_t rank = getX().getType().getRank();
  auto dim0 = static_cast<int64_t>(getDim0()),
       dim1 = static_cast<int64_t>(getDim1());
  SmallVector<AffineExpr> exprs;
  int64_t next = 0;
  for (int64_t i = 0; i < rank; ++i)
    exprs.push_back(i == dim0 || i == dim1 ? d(rank - 2, getContext())
                                           : d(next++, getContext()));
  return mapOf(*this, exprs);
}

//===----------------------------------------------------------------------===//
// Identities
//===----------------------------------------------------------------------===//

FailureOr<StridedView> StopGradientOp::viewOf(const StridedView &operand,
                                              RankedTensorType, DictionaryAttr,
                                              RankedTensorType) {
  return operand;
}
AffineMap StopGradientOp::getViewMap() {
  return AffineMap::getMultiDimIdentityMap(getX().getType().getRank(),
                                           getContext());
}
FailureOr<StridedView> NameOp::viewOf(const StridedView &operand,
                                      RankedTensorType, DictionaryAttr,
                                      RankedTensorType) {
  return operand;
}
AffineMap NameOp::getViewMap() {
  return AffineMap::getMultiDimIdentityMap(getX().getType().getRank(),
                                           getContext());
}
