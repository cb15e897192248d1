//===- ViewFolds.cpp - views of views -------------------------------------===//
//
// The laws: a view that shows its operand as it is, is the operand; two views
// of one kind become one, which shows the same elements in the same order; and
// a broadcast, which every map can say, swallows what stands before it. A fold
// in place changes the op and answers its own result.
//
//===----------------------------------------------------------------------===//
#include "ir/Ops.h"

#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace mlir::mg;

/// 0, 1, 2, ..
static bool isIdentity(ArrayRef<int64_t> dims) {
  for (auto [i, dim] : llvm::enumerate(dims))
    if (dim != static_cast<int64_t>(i))
      return false;
  return true;
}

/// outer[inner[i]] for each i.
static SmallVector<int64_t> compose(ArrayRef<int64_t> outer,
                                    ArrayRef<int64_t> inner) {
  return llvm::map_to_vector(inner, [&](int64_t i) { return outer[i]; });
}

OpFoldResult ReshapeOp::fold(FoldAdaptor) {
  if (getX().getType() == getType())
    return getX();
  auto inner = getX().getDefiningOp<ReshapeOp>();
  if (!inner)
    return {};
  getXMutable().assign(inner.getX());
  return getResult();
}

OpFoldResult TransposeOp::fold(FoldAdaptor) {
  if (isIdentity(getPerm()))
    return getX();
  auto inner = getX().getDefiningOp<TransposeOp>();
  if (!inner)
    return {};
  setPerm(compose(inner.getPerm(), getPerm()));
  getXMutable().assign(inner.getX());
  return getResult();
}

/// Where the dimensions of `x`'s operand go if `broadcast` of `x` takes it
/// directly; nothing where no list of dimensions can say that.
static std::optional<SmallVector<int64_t>> throughBroadcast(Value x,
                                                            BroadcastOp outer) {
  if (auto inner = x.getDefiningOp<BroadcastOp>())
    return compose(outer.getDims(), inner.getDims());
  if (auto inner = x.getDefiningOp<TransposeOp>()) {
    SmallVector<int64_t> dims(inner.getPerm().size());
    for (auto [i, dim] : llvm::enumerate(inner.getPerm()))
      dims[dim] = outer.getDims()[i];
    return dims;
  }
  auto inner = x.getDefiningOp<ReshapeOp>();
  AffineMap map = inner ? inner.getViewMap() : AffineMap();
  if (!map)
    return std::nullopt;
  SmallVector<int64_t> dims;
  for (AffineExpr expr : map.getResults()) {
    auto dim = dyn_cast<AffineDimExpr>(expr);
    if (!dim) // an operand's dimension of size 1 that the reshape dropped
      return std::nullopt;
    dims.push_back(outer.getDims()[dim.getPosition()]);
  }
  return dims;
}

OpFoldResult BroadcastOp::fold(FoldAdaptor) {
  if (getX().getType() == getType() && isIdentity(getDims()))
    return getX();
  auto dims = throughBroadcast(getX(), *this);
  if (!dims)
    return {};
  setDims(*dims);
  getXMutable().assign(getX().getDefiningOp()->getOperand(0));
  return getResult();
}

OpFoldResult SliceOp::fold(FoldAdaptor) {
  // One element of one or a step over nothing is the whole, too.
  if (getX().getType() == getType())
    return getX();
  auto inner = getX().getDefiningOp<SliceOp>();
  if (!inner)
    return {};
  SmallVector<int64_t> lo, hi, step;
  for (auto [i, size] : llvm::enumerate(getType().getShape())) {
    if (ShapedType::isDynamic(size) || size == 0) {
      // Whole dimensions and empty ones need no arithmetic.
      lo.push_back(0);
      hi.push_back(size);
      step.push_back(1);
      continue;
    }
    // In range: both slices are, and the last element is one of the operand's.
    int64_t first = inner.getLo()[i] + getLo()[i] * inner.getStep()[i];
    int64_t stride = size > 1 ? getStep()[i] * inner.getStep()[i] : 1;
    lo.push_back(first);
    hi.push_back(first + (size - 1) * stride + 1);
    step.push_back(stride);
  }
  setLo(lo);
  setHi(hi);
  setStep(step);
  getXMutable().assign(inner.getX());
  return getResult();
}

OpFoldResult ReverseOp::fold(FoldAdaptor) {
  ArrayRef<int64_t> shape = getType().getShape();
  if (llvm::all_of(getDims(), [&](int64_t dim) { return shape[dim] == 1; }))
    return getX();
  auto inner = getX().getDefiningOp<ReverseOp>();
  if (!inner)
    return {};
  SmallVector<int64_t> dims;
  for (int64_t dim = 0, e = shape.size(); dim < e; ++dim)
    if (llvm::is_contained(getDims(), dim) !=
        llvm::is_contained(inner.getDims(), dim))
      dims.push_back(dim);
  setDims(dims);
  getXMutable().assign(inner.getX());
  return getResult();
}
