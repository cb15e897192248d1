//===- LowerContractions.cpp - dot and conv to linalg ---------------------===//
//
// A contraction is one linalg.generic with the attribute mg.contraction: mul,
// add into the accumulator, operands extended first where they are narrower.
//
//   dot   loops (batch.., lhs free.., rhs free.., contracted..)
//   conv  loops (n, [group], [o], out.., [c], window..), x read at
//         out * stride + window * dilation of the padded input
//
//===----------------------------------------------------------------------===//

#include "passes/Lowering.h"

#include "ir/Ops.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace mlir::mg;

/// What products of `element`s are summed in: floats in at least f32, integers
/// in the result's type, where 32 bits at least do no harm.
static Type contractionType(OpBuilder &builder, Type element, Type result) {
  if (isa<FloatType>(element))
    return computedType(element);
  return result.getIntOrFloatBitWidth() > 32 ? builder.getI64Type()
                                             : builder.getI32Type();
}

/// An operand's element in the accumulator's type.
static Value widen(OpBuilder &builder, Location loc, Value stored, Type element,
                   Type accumulator) {
  if (stored.getType() == accumulator)
    return stored;
  if (isa<FloatType>(accumulator))
    return builder.create<arith::ExtFOp>(loc, accumulator, stored);
  if (element.isUnsignedInteger() || element.isInteger(1))
    return builder.create<arith::ExtUIOp>(loc, accumulator, stored);
  return builder.create<arith::ExtSIOp>(loc, accumulator, stored);
}

/// A tensor of accumulators in the result's element type, never wider.
static Value narrow(OpBuilder &builder, Location loc, Value tensor,
                    Type stored) {
  auto type = cast<RankedTensorType>(tensor.getType());
  if (stored == type.getElementType())
    return tensor;
  auto convert = [&](OpBuilder &body, ValueRange elements) -> Value {
    if (isa<FloatType>(stored))
      return body.create<arith::TruncFOp>(loc, stored, elements[0]);
    return body.create<arith::TruncIOp>(loc, stored, elements[0]);
  };
  AffineMap identity = builder.getMultiDimIdentityMap(type.getRank());
  return createElementwise(builder, loc,
                           cast<RankedTensorType>(type.clone(stored)),
                           Access{tensor, identity}, convert);
}

/// The contraction of `lhs` and `rhs`, whose elements were `element`s of mg, as
/// a tensor like `result`.
static Value createContraction(OpBuilder &builder, Location loc,
                               const Loops &loops, const Access &lhs,
                               const Access &rhs, RankedTensorType result,
                               AffineMap output, Type element) {
  Type accumulator = contractionType(builder, element, result.getElementType());
  Value zeros = createFilled(builder, loc,
                             cast<RankedTensorType>(result.clone(accumulator)),
                             cast<TypedAttr>(builder.getZeroAttr(accumulator)));
  auto body = [&](OpBuilder &inside, ValueRange elements) {
    Value a = widen(inside, loc, elements[0], element, accumulator);
    Value b = widen(inside, loc, elements[1], element, accumulator);
    if (isa<FloatType>(accumulator)) {
      Value product = inside.create<arith::MulFOp>(loc, a, b);
      return SmallVector<Value>{
          inside.create<arith::AddFOp>(loc, elements[2], product)};
    }
    Value product = inside.create<arith::MulIOp>(loc, a, b);
    return SmallVector<Value>{
        inside.create<arith::AddIOp>(loc, elements[2], product)};
  };
  linalg::GenericOp op = createGeneric(builder, loc, loops, {lhs, rhs},
                                       Access{zeros, output}, body);
  op->setAttr("mg.contraction", builder.getUnitAttr());
  return narrow(builder, loc, op.getResult(0), result.getElementType());
}

namespace {

/// Loops that are appended one by one, and the access maps over them.
class LoopList {
public:
  explicit LoopList(OpBuilder &builder) : builder(builder) {}

  AffineExpr parallel(int64_t bound) {
    return append(bound, utils::IteratorType::parallel);
  }
  AffineExpr reduction(int64_t bound) {
    return append(bound, utils::IteratorType::reduction);
  }
  AffineMap map(ArrayRef<AffineExpr> indices) const {
    return AffineMap::get(loops.bounds.size(), 0, indices,
                          builder.getContext());
  }
  const Loops &getLoops() const { return loops; }

private:
  AffineExpr append(int64_t bound, utils::IteratorType iterator) {
    loops.bounds.push_back(bound);
    loops.iterators.push_back(iterator);
    return builder.getAffineDimExpr(loops.bounds.size() - 1);
  }

  OpBuilder &builder;
  Loops loops;
};

struct LowerDot : OpConversionPattern<DotOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(DotOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    auto lhs = cast<RankedTensorType>(adaptor.getLhs().getType());
    auto rhs = cast<RankedTensorType>(adaptor.getRhs().getType());
    LoopList loops(rewriter);
    SmallVector<AffineExpr> lhsAt(lhs.getRank()), rhsAt(rhs.getRank()), outAt;
    for (auto [l, r] : llvm::zip(op.getLhsBatch(), op.getRhsBatch()))
      outAt.push_back(lhsAt[l] = rhsAt[r] = loops.parallel(lhs.getDimSize(l)));
    appendFree(loops, lhs, op.getLhsContract(), lhsAt, outAt);
    appendFree(loops, rhs, op.getRhsContract(), rhsAt, outAt);
    for (auto [l, r] : llvm::zip(op.getLhsContract(), op.getRhsContract()))
      lhsAt[l] = rhsAt[r] = loops.reduction(lhs.getDimSize(l));
    rewriter.replaceOp(
        op, createContraction(rewriter, loc, loops.getLoops(),
                              {adaptor.getLhs(), loops.map(lhsAt)},
                              {adaptor.getRhs(), loops.map(rhsAt)},
                              storedTensor(op.getType()), loops.map(outAt),
                              getElementTypeOrSelf(op.getLhs().getType())));
    return success();
  }

private:
  /// A parallel loop for every dimension that is neither batch nor contracted.
  static void appendFree(LoopList &loops, RankedTensorType type,
                         ArrayRef<int64_t> contracted,
                         SmallVectorImpl<AffineExpr> &at,
                         SmallVectorImpl<AffineExpr> &outAt) {
    for (int64_t dim = 0; dim < type.getRank(); ++dim)
      if (!at[dim] && !llvm::is_contained(contracted, dim))
        outAt.push_back(at[dim] = loops.parallel(type.getDimSize(dim)));
  }
};

struct LowerConv : OpConversionPattern<ConvOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(ConvOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override;

private:
  static Value pad(OpBuilder &builder, ConvOp op, Value x);
};

} // namespace

/// x dilated, padded with zeros and cropped as the op says.
Value LowerConv::pad(OpBuilder &builder, ConvOp op, Value x) {
  auto type = cast<RankedTensorType>(x.getType());
  SmallVector<int64_t> shape(type.getShape()), lo(2, 0), interior(2, 0);
  for (int64_t i = 0; i < type.getRank() - 2; ++i) {
    int64_t &size = shape[i + 2];
    int64_t dilation = op.getLhsDilation()[i];
    size = (size == 0 ? 0 : (size - 1) * dilation + 1) + op.getLo()[i] +
           op.getHi()[i];
    lo.push_back(op.getLo()[i]);
    interior.push_back(dilation - 1);
  }
  if (ArrayRef(shape) == type.getShape() &&
      llvm::all_of(lo, [](int64_t size) { return size == 0; }))
    return x;
  auto padded = RankedTensorType::get(shape, type.getElementType());
  Value zeros =
      createFilled(builder, op.getLoc(), padded,
                   cast<TypedAttr>(builder.getZeroAttr(type.getElementType())));
  return createPadded(builder, op.getLoc(), x, zeros, lo, interior);
}

/// Splits dimension `dim` of `tensor` into (groups, rest).
static Value splitDim(OpBuilder &builder, Location loc, Value tensor,
                      int64_t dim, int64_t groups) {
  auto type = cast<RankedTensorType>(tensor.getType());
  SmallVector<int64_t> shape(type.getShape());
  shape[dim] /= groups;
  shape.insert(shape.begin() + dim, groups);
  SmallVector<ReassociationIndices> split;
  for (int64_t i = 0; i < type.getRank(); ++i)
    if (i == dim)
      split.push_back({i, i + 1});
    else
      split.push_back({i < dim ? i : i + 1});
  return builder.create<tensor::ExpandShapeOp>(
      loc, RankedTensorType::get(shape, type.getElementType()), tensor, split);
}

LogicalResult
LowerConv::matchAndRewrite(ConvOp op, OpAdaptor adaptor,
                           ConversionPatternRewriter &rewriter) const {
  Location loc = op.getLoc();
  RankedTensorType result = storedTensor(op.getType());
  int64_t groups = op.getGroups(), spatial = result.getRank() - 2;
  Value x = pad(rewriter, op, adaptor.getX()), w = adaptor.getW();
  auto window = cast<RankedTensorType>(w.getType());
  SmallVector<int64_t> shape(result.getShape());
  // One group is no loop: its index would be 0 everywhere. Nor is the only
  // channel of a group, or its only result.
  bool hasGroups = groups > 1,
       hasChannels = window.getDimSize(1) > 1 || groups == 1,
       hasResults = shape[1] != groups || groups == 1;
  if (hasGroups && hasChannels)
    x = splitDim(rewriter, loc, x, 1, groups);
  if (hasGroups && hasResults) {
    w = splitDim(rewriter, loc, w, 0, groups);
    shape[1] /= groups;
    shape.insert(shape.begin() + 1, groups);
  }
  LoopList loops(rewriter);
  SmallVector<AffineExpr> xAt, wAt, outAt;
  for (int64_t bound : shape)
    outAt.push_back(loops.parallel(bound));
  ArrayRef<AffineExpr> out = ArrayRef(outAt).take_back(spatial);
  AffineExpr channel = hasChannels ? loops.reduction(window.getDimSize(1))
                                   : rewriter.getAffineConstantExpr(0);
  // x is (n, [group], [c], spatial..), w is ([group], [o], c, window..).
  xAt.assign(outAt.begin(), outAt.begin() + 1 + hasGroups);
  wAt.assign(outAt.begin() + 1, outAt.end() - spatial);
  if (hasChannels)
    xAt.push_back(channel);
  wAt.push_back(channel);
  for (int64_t i = 0; i < spatial; ++i) {
    AffineExpr k = loops.reduction(window.getDimSize(i + 2));
    xAt.push_back(out[i] * op.getStrides()[i] + k * op.getRhsDilation()[i]);
    wAt.push_back(k);
  }
  Value sums = createContraction(
      rewriter, loc, loops.getLoops(), {x, loops.map(xAt)}, {w, loops.map(wAt)},
      RankedTensorType::get(shape, result.getElementType()), loops.map(outAt),
      getElementTypeOrSelf(op.getX().getType()));
  if (hasGroups && hasResults) {
    SmallVector<ReassociationIndices> merge{{0}, {1, 2}};
    for (int64_t i = 0; i < spatial; ++i)
      merge.push_back({i + 3});
    sums = rewriter.create<tensor::CollapseShapeOp>(loc, result, sums, merge);
  }
  rewriter.replaceOp(op, sums);
  return success();
}

void mg::populateContractions(RewritePatternSet &patterns,
                              const TensorLowering &types) {
  patterns.add<LowerDot, LowerConv>(types, patterns.getContext());
}
