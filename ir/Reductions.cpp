//===- Reductions.cpp - types of reductions, scans and sorts --------------===//
#include "ir/Ops.h"

using namespace mlir;
using namespace mlir::mg;

static bool isBitwise(Reduction kind) {
  return kind == Reduction::And || kind == Reduction::Or;
}

LogicalResult ReduceOp::infer(Inference &in) {
  ReductionAttr kind;
  ArrayRef<int64_t> dims;
  if (failed(in.expectOperands(1)) || failed(in.read("kind", kind)) ||
      failed(in.readDims("dims", in.rank(0), dims)) || // C1
      failed(in.expectClass(in.element(0), isBitwise(kind.getValue())
                                               ? bitClasses
                                               : numberClasses))) // C2
    return failure();
  Shape shape;
  for (auto [i, dim] : llvm::enumerate(in.shape(0)))
    if (!llvm::is_contained(dims, i))
      shape.push_back(dim);
  return in.result(shape, in.element(0));
}

/// The element type of wanted indices, i32 where nobody wants any.
static FailureOr<Type> indexElement(const Inference &in, unsigned result) {
  RankedTensorType wanted = in.wanted(result);
  Type element =
      wanted ? wanted.getElementType() : IntegerType::get(in.getContext(), 32);
  if (element.isSignlessInteger(32) || element.isSignlessInteger(64))
    return element;
  return in.error() << "indices are i32 or i64, not " << describe(element);
}

LogicalResult ArgReduceOp::infer(Inference &in) {
  ReductionAttr kind;
  int64_t dim;
  if (failed(in.expectOperands(1)) || failed(in.read("kind", kind)) ||
      failed(in.expectClass(in.element(0), numberClasses)) || // C1
      failed(in.readDim("dim", in.rank(0), dim)))
    return failure();
  if (kind.getValue() != Reduction::Max && kind.getValue() != Reduction::Min)
    return in.error() << "kind is max or min, not " // C1
                      << stringifyReduction(kind.getValue());
  Shape shape = in.shape(0);
  if (shape[dim] == Dim(0)) // C2
    return in.error() << "dimension " << dim << " of "
                      << describe(in.operand(0)) << " is empty";
  shape.erase(shape.begin() + dim);
  FailureOr<Type> element = indexElement(in, 0); // C3
  return failed(element) ? failure() : in.result(shape, *element);
}

LogicalResult CumulativeOp::infer(Inference &in) {
  ReductionAttr kind;
  int64_t dim;
  if (failed(in.expectOperands(1)) || failed(in.read("kind", kind)) ||
      failed(in.expectClass(in.element(0), numberClasses)) || // C1
      failed(in.readDim("dim", in.rank(0), dim)))             // C2
    return failure();
  if (isBitwise(kind.getValue())) // C1
    return in.error() << "kind is sum, prod, max or min, not "
                      << stringifyReduction(kind.getValue());
  return in.result(in.operand(0));
}

LogicalResult SortOp::infer(Inference &in) {
  int64_t dim;
  if (failed(in.expectOperandsAtLeast(1)) ||      // C1
      failed(in.readDim("dim", in.rank(0), dim))) // C2
    return failure();
  for (size_t i = 0; i < in.getNumOperands(); ++i) {
    if (in.shape(i) != in.shape(0)) // C3
      return in.error() << "shapes differ (" << describe(in.operand(0))
                        << " and " << describe(in.operand(i)) << ")";
    if (failed(in.result(in.operand(i))))
      return failure();
  }
  return success();
}

LogicalResult TopKOp::infer(Inference &in) {
  int64_t dim, k;
  if (failed(in.expectOperands(1)) ||
      failed(in.readDim("dim", in.rank(0), dim)) ||
      failed(in.read("k", k))) // C1
    return failure();
  Shape shape = in.shape(0);
  if (k < 0 || k > shape[dim].lo) // C2
    return in.error() << "k " << k << " is not within dimension " << dim
                      << " of " << describe(in.operand(0));
  shape[dim] = k;
  FailureOr<Type> element = indexElement(in, 1); // C3
  if (failed(element) || failed(in.result(shape, in.element(0))))
    return failure();
  return in.result(shape, *element);
}
