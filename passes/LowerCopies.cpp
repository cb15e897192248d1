//===- LowerCopies.cpp - pad, concat, dynamic slices to linalg ------===//
//
// These ops place tensors inside tensors: tensor.insert_slice into what was
// there before, tensor.extract_slice where only a part is wanted. Bufferization
// lets the producer of a part write straight to its place.
//
//===----------------------------------------------------------------------===//

#include "passes/Lowering.h"

#include "ir/Ops.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::mg;

/// A rectangular part of a tensor.
struct Part {
  SmallVector<OpFoldResult> offsets, sizes, strides;

  void append(OpBuilder &builder, int64_t offset, int64_t size,
              int64_t stride) {
    offsets.push_back(builder.getIndexAttr(offset));
    sizes.push_back(builder.getIndexAttr(size));
    strides.push_back(builder.getIndexAttr(stride));
  }
};

static Value extract(OpBuilder &builder, Location loc, Value tensor,
                     const Part &part) {
  return builder.create<tensor::ExtractSliceOp>(loc, tensor, part.offsets,
                                                part.sizes, part.strides);
}

static Value insert(OpBuilder &builder, Location loc, Value tensor, Value into,
                    const Part &part) {
  return builder.create<tensor::InsertSliceOp>(loc, tensor, into, part.offsets,
                                               part.sizes, part.strides);
}

namespace {

/// Along one dimension, element i goes to lo + i * step where that is inside.
struct Placed {
  int64_t first, count, offset;

  Placed(int64_t size, int64_t lo, int64_t step, int64_t resultSize) {
    first = lo < 0 ? llvm::divideCeilSigned(-lo, step) : 0;
    int64_t last = llvm::divideFloorSigned(resultSize - 1 - lo, step);
    count = std::max<int64_t>(0, std::min(size - 1, last) - first + 1);
    offset = lo + first * step;
  }
};

} // namespace

Value mg::createPadded(OpBuilder &builder, Location loc, Value tensor,
                       Value background, ArrayRef<int64_t> lo,
                       ArrayRef<int64_t> interior) {
  auto type = cast<RankedTensorType>(tensor.getType());
  auto result = cast<RankedTensorType>(background.getType());
  Part from, to;
  bool empty = false;
  for (int64_t dim = 0; dim < type.getRank(); ++dim) {
    int64_t step = interior[dim] + 1;
    Placed placed(type.getDimSize(dim), lo[dim], step, result.getDimSize(dim));
    empty |= placed.count == 0;
    from.append(builder, placed.first, placed.count, 1);
    to.append(builder, placed.offset, placed.count, step);
  }
  if (empty)
    return background;
  return insert(builder, loc, extract(builder, loc, tensor, from), background,
                to);
}

namespace {

struct LowerPad : OpConversionPattern<PadOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(PadOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    Value value = rewriter.create<tensor::ExtractOp>(loc, adaptor.getValue(),
                                                     ValueRange());
    Value background =
        createFilled(rewriter, loc, storedTensor(op.getType()), value);
    rewriter.replaceOp(op,
                       createPadded(rewriter, loc, adaptor.getX(), background,
                                    op.getLo(), op.getInterior()));
    return success();
  }
};

struct LowerConcat : OpConversionPattern<ConcatOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(ConcatOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    RankedTensorType result = storedTensor(op.getType());
    Value value = rewriter.create<tensor::EmptyOp>(loc, result.getShape(),
                                                   result.getElementType());
    int64_t offset = 0, along = op.getDim();
    for (Value operand : adaptor.getOperands()) {
      auto type = cast<RankedTensorType>(operand.getType());
      Part part;
      for (int64_t dim = 0; dim < type.getRank(); ++dim)
        part.append(rewriter, dim == along ? offset : 0, type.getDimSize(dim),
                    1);
      value = insert(rewriter, loc, operand, value, part);
      offset += type.getDimSize(along);
    }
    rewriter.replaceOp(op, value);
    return success();
  }
};

} // namespace

/// The part of `inner`'s shape that begins at the vector `start`, moved inside
/// `outer`'s shape.
static Part dynamicPart(OpBuilder &builder, Location loc, Value start,
                        RankedTensorType outer, RankedTensorType inner) {
  Part part;
  for (int64_t dim = 0; dim < outer.getRank(); ++dim) {
    int64_t room = outer.getDimSize(dim) - inner.getDimSize(dim);
    part.append(builder, 0, inner.getDimSize(dim), 1);
    Value place = builder.create<arith::ConstantIndexOp>(loc, dim);
    Value wanted = builder.create<tensor::ExtractOp>(loc, start, place);
    part.offsets.back() = clampIndex(builder, loc, wanted, room);
  }
  return part;
}

Value mg::clampIndex(OpBuilder &builder, Location loc, Value index,
                     int64_t last) {
  Value wide =
      builder.create<arith::IndexCastOp>(loc, builder.getIndexType(), index);
  Value low = builder.create<arith::MaxSIOp>(
      loc, wide, builder.create<arith::ConstantIndexOp>(loc, 0));
  return builder.create<arith::MinSIOp>(
      loc, low, builder.create<arith::ConstantIndexOp>(loc, last));
}

namespace {

struct LowerDynamicSlice : OpConversionPattern<DynamicSliceOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(DynamicSliceOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    auto type = cast<RankedTensorType>(adaptor.getX().getType());
    Part part = dynamicPart(rewriter, op.getLoc(), adaptor.getStart(), type,
                            storedTensor(op.getType()));
    rewriter.replaceOp(op,
                       extract(rewriter, op.getLoc(), adaptor.getX(), part));
    return success();
  }
};

struct LowerDynamicUpdateSlice : OpConversionPattern<DynamicUpdateSliceOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(DynamicUpdateSliceOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    auto update = cast<RankedTensorType>(adaptor.getUpdate().getType());
    Part part = dynamicPart(rewriter, op.getLoc(), adaptor.getStart(),
                            storedTensor(op.getType()), update);
    rewriter.replaceOp(op, insert(rewriter, op.getLoc(), adaptor.getUpdate(),
                                  adaptor.getX(), part));
    return success();
  }
};

} // namespace

void mg::populateCopies(RewritePatternSet &patterns,
                        const TensorLowering &types) {
  patterns
      .add<LowerPad, LowerConcat, LowerDynamicSlice, LowerDynamicUpdateSlice>(
          types, patterns.getContext());
}
