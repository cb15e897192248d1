//===- Indexing.cpp - types of ops that move elements ---------------------===//
#include "ir/Ops.h"
#include "ir/Window.h"

using namespace mlir;
using namespace mlir::mg;

LogicalResult PadOp::infer(Inference &in) {
  ArrayRef<int64_t> lo, hi, interior;
  if (failed(in.expectOperands(2)) || failed(in.expectEqualElements(0, 1)))
    return failure();
  if (in.rank(1) != 0) // C1
    return in.error() << "the value " << describe(in.operand(1))
                      << " is no scalar";
  if (failed(in.readSizes("lo", in.rank(0), "dimension", lo)) || // C2
      failed(in.readSizes("hi", in.rank(0), "dimension", hi)) ||
      failed(in.readSizes("interior", in.rank(0), "dimension", interior, 0)))
    return failure(); // C3 above
  Shape shape = in.shape(0);
  for (auto [i, dim] : llvm::enumerate(shape)) {
    if (!dim.isStatic()) {
      if (lo[i] || hi[i] || interior[i]) // C5
        return in.error() << "dimension " << i << " ('" << describe(dim)
                          << "') cannot be padded";
      continue;
    }
    std::optional<int64_t> size;
    if (interior[i] < INT64_MAX)
      size = paddedSize(dim.size, lo[i], hi[i], interior[i] + 1);
    if (!size) // C4
      return in.error() << "dimension " << i << " of size " << dim.size
                        << " gets no possible size";
    dim = *size;
  }
  return in.result(shape, in.element(0));
}

LogicalResult ConcatOp::infer(Inference &in) {
  int64_t dim;
  if (failed(in.expectOperandsAtLeast(1)) ||
      failed(in.readDim("dim", in.rank(0), dim)))
    return failure();
  Shape shape = in.shape(0);
  int64_t total = 0;
  for (size_t i = 0; i < in.getNumOperands(); ++i) {
    if (failed(in.expectEqualElements(0, i))) // C1
      return failure();
    Shape other = in.shape(i);
    if (other.size() != shape.size())
      return in.error() << "ranks of " << describe(in.operand(0)) << " and "
                        << describe(in.operand(i)) << " differ";
    if (!other[dim].isStatic()) // C2
      return in.error() << "dimension " << dim << " of "
                        << describe(in.operand(i)) << " is not static";
    if (llvm::AddOverflow(total, other[dim].size, total))
      return in.error() << "the result is too large";
    other[dim] = shape[dim];
    if (other != shape) // C3
      return in.error() << describe(in.operand(0)) << " and "
                        << describe(in.operand(i))
                        << " differ in more than dimension " << dim;
  }
  shape[dim] = total;
  return in.result(shape, in.element(0));
}

LogicalResult FoldOp::infer(Inference &in) {
  FailureOr<RankedTensorType> type = in.required();
  if (failed(type) || failed(in.expectOperands(1)) ||
      failed(in.expectClass(in.element(0), numberClasses))) // C1
    return failure();
  FailureOr<Shape> unfolded = unfoldedShape(in, shapeOf(*type));
  if (failed(unfolded))
    return failure();
  if (type->getElementType() != in.element(0) || in.shape(0) != *unfolded)
    return in.error() << describe(in.operand(0)) // C1, C2
                      << " does not hold the windows of " << describe(*type);
  return in.result(*type);
}

/// An i32 or i64 vector with an entry per dimension of operand 0.
static LogicalResult expectStart(const Inference &in, unsigned start) {
  Type element = in.element(start);
  if (in.shape(start) == Shape{in.rank(0)} &&
      (element.isSignlessInteger(32) || element.isSignlessInteger(64)))
    return success();
  return in.error() << "the start " << describe(in.operand(start))
                    << " is no i32 or i64 vector with an entry per dimension ("
                    << in.rank(0) << ")";
}

LogicalResult DynamicSliceOp::infer(Inference &in) {
  ArrayRef<int64_t> size;
  if (failed(in.expectOperands(2)) || failed(expectStart(in, 1)) || // C1
      failed(in.readSizes("size", in.rank(0), "dimension", size)))
    return failure();
  Shape shape = in.shape(0);
  for (auto [i, dim] : llvm::enumerate(shape)) {
    if (size[i] == ShapedType::kDynamic)
      continue;
    if (!dim.isStatic() || size[i] < 0 || size[i] > dim.size) // C2
      return in.error() << "size " << size[i] << " does not fit dimension " << i
                        << " of " << describe(in.operand(0));
    dim = size[i];
  }
  return in.result(shape, in.element(0));
}

LogicalResult DynamicUpdateSliceOp::infer(Inference &in) {
  if (failed(in.expectOperands(3)) || failed(expectStart(in, 2)) || // C1
      failed(in.expectEqualElements(0, 1)))
    return failure();
  Shape x = in.shape(0), update = in.shape(1);
  auto fits = [](const Dim &x, const Dim &update) {
    return x == update ||
           (x.isStatic() && update.isStatic() && update.size <= x.size);
  };
  if (x.size() != update.size() || !llvm::equal(x, update, fits)) // C2
    return in.error() << "the update " << describe(in.operand(1))
                      << " does not fit into " << describe(in.operand(0));
  return in.result(in.operand(0));
}

/// The result of gather, C1..C4 of gather and scatter.
static FailureOr<Shape> gatheredShape(const Inference &in) {
  ArrayRef<int64_t> dims;
  int64_t batch;
  if (failed(in.read("batch_dims", batch, 0)) ||
      failed(in.readDims("dims", in.rank(0), dims))) // C3
    return failure();
  if (!in.element(1).isSignlessInteger(32) &&
      !in.element(1).isSignlessInteger(64)) // C1
    return in.error() << "indices are i32 or i64, not "
                      << describe(in.element(1));
  Shape x = in.shape(0), indices = in.shape(1);
  if (batch < 0 || batch > in.rank(0) || batch >= in.rank(1)) // C2
    return in.error() << "batch_dims " << batch << " does not fit "
                      << describe(in.operand(0)) << " and indices "
                      << describe(in.operand(1));
  for (int64_t i = 0; i < batch; ++i)
    if (!(x[i] == indices[i]))
      return in.error() << "batch dimension " << i << " differs ("
                        << describe(in.operand(0)) << " and indices "
                        << describe(in.operand(1)) << ")";
  for (int64_t dim : dims)
    if (dim < batch) // C3
      return in.error() << "dims: " << dim << " is a batch dimension";
  if (!(indices.back() == Dim(dims.size()))) // C4
    return in.error() << "the last dimension of indices "
                      << describe(in.operand(1)) << " is not " << dims.size()
                      << ", the number of dims";
  Shape shape(indices.begin(), indices.end() - 1);
  for (int64_t i = batch; i < in.rank(0); ++i)
    if (!llvm::is_contained(dims, i))
      shape.push_back(x[i]);
  return shape;
}

LogicalResult GatherOp::infer(Inference &in) {
  if (failed(in.expectOperands(2)))
    return failure();
  FailureOr<Shape> shape = gatheredShape(in);
  return failed(shape) ? failure() : in.result(*shape, in.element(0));
}

LogicalResult ScatterOp::infer(Inference &in) {
  ScatterModeAttr mode;
  if (failed(in.expectOperands(3)) || failed(in.read("mode", mode)))
    return failure();
  FailureOr<Shape> shape = gatheredShape(in);
  if (failed(shape) || failed(in.expectEqualElements(0, 2)))
    return failure();
  if (in.shape(2) != *shape) // C5
    return in.error() << "updates are " << describe(in.operand(2)) << ", not "
                      << describe(tensorOf(*shape, in.element(0)));
  if (mode.getValue() != ScatterMode::Set &&
      failed(in.expectClass(in.element(0), numberClasses))) // C6
    return failure();
  return in.result(in.operand(0));
}
