//===- ViewTypes.cpp - result types of views ------------------------------===//
#include "ir/Ops.h"
#include "ir/Window.h"

using namespace mlir;
using namespace mlir::mg;

/// The element type of a result that the caller names (C1 of these ops).
static LogicalResult expectOperandElement(Inference &in,
                                          RankedTensorType type) {
  if (type.getElementType() == in.element(0))
    return success();
  return in.error() << "element types " << describe(in.element(0)) << " and "
                    << describe(type.getElementType()) << " differ";
}

/// The names of `?`, sorted: what a reshape must keep.
static SmallVector<StringRef> symbolsOf(ArrayRef<Dim> shape) {
  SmallVector<StringRef> symbols;
  for (const Dim &dim : shape)
    if (!dim.isStatic())
      symbols.push_back(dim.symbol);
  llvm::sort(symbols);
  return symbols;
}

static int64_t staticProduct(ArrayRef<Dim> shape) {
  int64_t product = 1;
  for (const Dim &dim : shape)
    product *= dim.isStatic() ? dim.size : 1;
  return product;
}

LogicalResult ReshapeOp::infer(Inference &in) {
  FailureOr<RankedTensorType> type = in.required();
  if (failed(type) || failed(in.expectOperands(1)) ||
      failed(expectOperandElement(in, *type)))
    return failure();
  Shape from = in.shape(0), to = shapeOf(*type);
  if (symbolsOf(from) != symbolsOf(to) ||
      staticProduct(from) != staticProduct(to)) // C2
    return in.error() << describe(in.operand(0)) << " has another number of "
                      << "elements than " << describe(*type);
  return in.result(*type);
}

LogicalResult TransposeOp::infer(Inference &in) {
  ArrayRef<int64_t> perm;
  if (failed(in.expectOperands(1)) ||
      failed(in.readSizes("perm", in.rank(0), "dimension", perm)) ||
      failed(in.readDims("perm", in.rank(0), perm))) // C1
    return failure();
  Shape from = in.shape(0), to;
  for (int64_t dim : perm)
    to.push_back(from[dim]);
  return in.result(to, in.element(0));
}

LogicalResult BroadcastOp::infer(Inference &in) {
  ArrayRef<int64_t> dims;
  FailureOr<RankedTensorType> type = in.required();
  if (failed(type) || failed(in.expectOperands(1)) ||
      failed(expectOperandElement(in, *type)) ||
      failed(in.readSizes("dims", in.rank(0), "dimension", dims)) ||
      failed(in.readDims("dims", type->getRank(), dims))) // C2
    return failure();
  Shape from = in.shape(0), to = shapeOf(*type);
  for (auto [i, dim] : llvm::enumerate(dims))
    if (!(from[i] == Dim(1)) && !(from[i] == to[dim])) // C3
      return in.error() << "dimension " << i << " of "
                        << describe(in.operand(0)) << " is neither 1 nor "
                        << describe(to[dim]) << ", dimension " << dim << " of "
                        << describe(*type);
  return in.result(*type);
}

/// One dimension of a slice, C2..C4.
static LogicalResult sliceDim(const Inference &in, size_t i, Dim &dim,
                              int64_t lo, int64_t hi, int64_t step) {
  if (!dim.isStatic()) {
    if (lo == 0 && hi == ShapedType::kDynamic && step == 1)
      return success();
    return in.error() << "dimension " << i << " ('" << describe(dim)
                      << "') can only be taken whole, as 0:?"; // C4
  }
  if (hi == ShapedType::kDynamic)
    hi = dim.size;
  if (lo < 0 || lo > hi || hi > dim.size) // C2
    return in.error() << lo << ":" << hi << " does not lie in dimension " << i
                      << " of size " << dim.size;
  // C3 held by readSizes.
  dim = hi == lo ? 0 : (hi - lo - 1) / step + 1;
  return success();
}

LogicalResult SliceOp::infer(Inference &in) {
  ArrayRef<int64_t> lo, hi, step;
  if (failed(in.expectOperands(1)) ||
      failed(in.readSizes("lo", in.rank(0), "dimension", lo)) || // C1
      failed(in.readSizes("hi", in.rank(0), "dimension", hi)) ||
      failed(in.readSizes("step", in.rank(0), "dimension", step, 1))) // C3
    return failure();
  Shape shape = in.shape(0);
  for (auto [i, dim] : llvm::enumerate(shape))
    if (failed(sliceDim(in, i, dim, lo[i], hi[i], step[i])))
      return failure();
  return in.result(shape, in.element(0));
}

LogicalResult ReverseOp::infer(Inference &in) {
  ArrayRef<int64_t> dims;
  if (failed(in.expectOperands(1)) ||
      failed(in.readDims("dims", in.rank(0), dims))) // C1
    return failure();
  return in.result(in.operand(0));
}

LogicalResult UnfoldOp::infer(Inference &in) {
  if (failed(in.expectOperands(1)))
    return failure();
  FailureOr<Shape> shape = unfoldedShape(in, in.shape(0));
  return failed(shape) ? failure() : in.result(*shape, in.element(0));
}

LogicalResult DiagonalOp::infer(Inference &in) {
  int64_t dim0, dim1;
  if (failed(in.expectOperands(1)) ||
      failed(in.readDim("dim0", in.rank(0), dim0)) ||
      failed(in.readDim("dim1", in.rank(0), dim1)))
    return failure();
  if (dim0 == dim1)
    return in.error() << "dim0 and dim1 are both " << dim0;
  Shape shape = in.shape(0);
  Dim a = shape[dim0], b = shape[dim1];
  if (!(a == b) && !(a.isStatic() && b.isStatic())) // C1
    return in.error() << "dimensions " << describe(a) << " and " << describe(b)
                      << " are neither equal nor both static";
  shape.erase(shape.begin() + std::max(dim0, dim1));
  shape.erase(shape.begin() + std::min(dim0, dim1));
  shape.push_back(a.size < b.size ? a : b);
  return in.result(shape, in.element(0));
}
