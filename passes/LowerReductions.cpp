//===- LowerReductions.cpp - Reductions, scans and fold to linalg -------===//
//
// A reduction starts from the neutral element of its kind; floats narrower than
// f32 accumulate in f32 and are rounded once.
//
//===----------------------------------------------------------------------===//

#include "passes/Lowering.h"

#include "ir/Ops.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace mlir::mg;

arith::AtomicRMWKind mg::combiner(Reduction kind, Type element) {
  bool isFloat = isa<FloatType>(element);
  bool isUnsigned = element.isUnsignedInteger() || element.isInteger(1);
  switch (kind) {
  case Reduction::Sum:
    return isFloat ? arith::AtomicRMWKind::addf : arith::AtomicRMWKind::addi;
  case Reduction::Prod:
    return isFloat ? arith::AtomicRMWKind::mulf : arith::AtomicRMWKind::muli;
  case Reduction::Max:
    return isFloat      ? arith::AtomicRMWKind::maximumf
           : isUnsigned ? arith::AtomicRMWKind::maxu
                        : arith::AtomicRMWKind::maxs;
  case Reduction::Min:
    return isFloat      ? arith::AtomicRMWKind::minimumf
           : isUnsigned ? arith::AtomicRMWKind::minu
                        : arith::AtomicRMWKind::mins;
  case Reduction::And:
    return arith::AtomicRMWKind::andi;
  case Reduction::Or:
    return arith::AtomicRMWKind::ori;
  }
  llvm_unreachable("all kinds are handled");
}

static TypedAttr neutral(OpBuilder &builder, Location loc, Reduction kind,
                         Type element) {
  arith::AtomicRMWKind rmw = combiner(kind, element);
  Type type = accumulatorType(element);
  if (element.isInteger(1))
    return builder.getIntegerAttr(type, rmw == arith::AtomicRMWKind::andi ||
                                            rmw == arith::AtomicRMWKind::minu);
  return arith::getIdentityValueAttr(rmw, type, builder, loc);
}

/// The map that leaves out `dims`.
static AffineMap dropDims(OpBuilder &builder, int64_t rank,
                          ArrayRef<int64_t> dims) {
  SmallVector<AffineExpr> kept;
  for (int64_t dim = 0; dim < rank; ++dim)
    if (!llvm::is_contained(dims, dim))
      kept.push_back(builder.getAffineDimExpr(dim));
  return AffineMap::get(rank, 0, kept, builder.getContext());
}

static Loops reductionLoops(ArrayRef<int64_t> shape, ArrayRef<int64_t> dims) {
  Loops loops = Loops::parallel(shape);
  for (int64_t dim : dims)
    loops.iterators[dim] = utils::IteratorType::reduction;
  return loops;
}

namespace {

struct LowerReduce : OpConversionPattern<ReduceOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(ReduceOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    Type element = getElementTypeOrSelf(op.getType());
    RankedTensorType result = storedTensor(op.getType());
    Type accumulator = accumulatorType(element);
    auto input = cast<RankedTensorType>(adaptor.getX().getType());
    Value start = createFilled(rewriter, loc, result.clone(accumulator),
                               neutral(rewriter, loc, op.getKind(), element));
    auto combine = [&](OpBuilder &body, ValueRange elements) {
      Value x = loadAccumulator(body, loc, elements[0], element);
      return SmallVector<Value>{arith::getReductionOp(
          combiner(op.getKind(), element), body, loc, elements[1], x)};
    };
    int64_t rank = input.getRank();
    Value reduced =
        createGeneric(
            rewriter, loc, reductionLoops(input.getShape(), op.getDims()),
            Access{adaptor.getX(), rewriter.getMultiDimIdentityMap(rank)},
            Access{start, dropDims(rewriter, rank, op.getDims())}, combine)
            .getResult(0);
    rewriter.replaceOp(op, roundAccumulated(rewriter, loc, reduced, element));
    return success();
  }
};

/// The best element so far and its index. That an equal element wins only by
/// its index makes the order of the steps irrelevant.
struct LowerArgReduce : OpConversionPattern<ArgReduceOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(ArgReduceOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    auto input = cast<RankedTensorType>(adaptor.getX().getType());
    RankedTensorType result = storedTensor(op.getType());
    int64_t dim = op.getDim(), rank = input.getRank();
    AffineMap kept = dropDims(rewriter, rank, dim);
    Value first = firstAlong(rewriter, loc, adaptor.getX(), dim, result);
    Value zeros =
        createFilled(rewriter, loc, result,
                     rewriter.getIntegerAttr(result.getElementType(), 0));
    auto step = [&](OpBuilder &body, ValueRange elements) {
      Value index = body.create<arith::IndexCastOp>(
          loc, result.getElementType(), body.create<linalg::IndexOp>(loc, dim));
      Value take = isBetter(body, op, elements, index);
      SmallVector<Value> next;
      for (auto [ours, best] :
           {std::pair(elements[0], elements[1]), std::pair(index, elements[2])})
        next.push_back(body.create<arith::SelectOp>(loc, take, ours, best));
      return next;
    };
    linalg::GenericOp generic = createGeneric(
        rewriter, loc, reductionLoops(input.getShape(), dim),
        Access{adaptor.getX(), rewriter.getMultiDimIdentityMap(rank)},
        {{first, kept}, {zeros, kept}}, step);
    rewriter.replaceOp(op, generic.getResult(1));
    return success();
  }

private:
  /// The elements with index 0 along `dim`.
  static Value firstAlong(OpBuilder &builder, Location loc, Value tensor,
                          int64_t dim, RankedTensorType result) {
    auto type = cast<RankedTensorType>(tensor.getType());
    SmallVector<int64_t> shape(type.getShape());
    shape[dim] = 1;
    SmallVector<OpFoldResult> zeros(shape.size(), builder.getIndexAttr(0));
    SmallVector<OpFoldResult> ones(shape.size(), builder.getIndexAttr(1));
    return builder.create<tensor::ExtractSliceOp>(
        loc, result.clone(type.getElementType()), tensor, zeros,
        getAsIndexOpFoldResult(builder.getContext(), shape), ones);
  }

  /// Whether the element at `index` beats (element, best, best's index).
  static Value isBetter(OpBuilder &body, ArgReduceOp op, ValueRange elements,
                        Value index) {
    Location loc = op.getLoc();
    Type element = getElementTypeOrSelf(op.getX().getType());
    Value x = loadElement(body, loc, elements[0], element);
    Value best = loadElement(body, loc, elements[1], element);
    Value beats = isBeyond(body, loc, x, best, op.getKind(), element);
    Value beaten = isBeyond(body, loc, best, x, op.getKind(), element);
    Value earlier = body.create<arith::CmpIOp>(
        loc,
        op.getLast() ? arith::CmpIPredicate::sgt : arith::CmpIPredicate::slt,
        index, elements[2]);
    Value yes = body.create<arith::ConstantIntOp>(loc, 1, 1);
    Value ties = body.create<arith::XOrIOp>(loc, beaten, yes);
    return body.create<arith::OrIOp>(
        loc, beats, body.create<arith::AndIOp>(loc, ties, earlier));
  }

  /// Whether `a` is strictly further towards the extreme than `b`; NaN is
  /// beyond all numbers.
  static Value isBeyond(OpBuilder &body, Location loc, Value a, Value b,
                        Reduction kind, Type element) {
    bool isMax = kind == Reduction::Max;
    if (!isa<FloatType>(element)) {
      bool isUnsigned = element.isUnsignedInteger() || element.isInteger(1);
      auto predicate =
          isUnsigned
              ? (isMax ? arith::CmpIPredicate::ugt : arith::CmpIPredicate::ult)
              : (isMax ? arith::CmpIPredicate::sgt : arith::CmpIPredicate::slt);
      return body.create<arith::CmpIOp>(loc, predicate, a, b);
    }
    auto compare = [&](arith::CmpFPredicate predicate, Value x, Value y) {
      return body.create<arith::CmpFOp>(loc, predicate, x, y);
    };
    Value further = compare(
        isMax ? arith::CmpFPredicate::OGT : arith::CmpFPredicate::OLT, a, b);
    Value onlyNaN = body.create<arith::AndIOp>(
        loc, compare(arith::CmpFPredicate::UNO, a, a),
        compare(arith::CmpFPredicate::ORD, b, b));
    return body.create<arith::OrIOp>(loc, further, onlyNaN);
  }
};

/// One sequential walk along `dim` per element of the other dimensions.
struct LowerCumulative : OpConversionPattern<CumulativeOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(CumulativeOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    RankedTensorType result = storedTensor(op.getType());
    Type element = getElementTypeOrSelf(op.getType());
    Value empty = rewriter.create<tensor::EmptyOp>(loc, result.getShape(),
                                                   result.getElementType());
    Value start = rewriter.create<arith::ConstantOp>(
        loc, neutral(rewriter, loc, op.getKind(), element));
    SmallVector<int64_t> others(result.getShape());
    others.erase(others.begin() + op.getDim());
    auto walk = [&](OpBuilder &builder, ValueRange at, ValueRange carried) {
      auto step = [&](OpBuilder &body, ValueRange along, ValueRange state) {
        SmallVector<Value> indices(at);
        indices.insert(indices.begin() + op.getDim(),
                       place(body, op, along[0]));
        return accumulate(body, op, adaptor.getX(), indices, state);
      };
      SmallVector<Value> ends =
          createSequentialLoops(builder, loc, result.getDimSize(op.getDim()),
                                ValueRange{carried[0], start}, step);
      return SmallVector<Value>{ends[0]};
    };
    rewriter.replaceOp(
        op, createSequentialLoops(rewriter, loc, others, empty, walk));
    return success();
  }

private:
  /// Where step `k` is along the dimension.
  static Value place(OpBuilder &body, CumulativeOp op, Value k) {
    if (!op.getReverse())
      return k;
    Value last = body.create<arith::ConstantIndexOp>(
        op.getLoc(), op.getType().getDimSize(op.getDim()) - 1);
    return body.create<arith::SubIOp>(op.getLoc(), last, k);
  }

  /// (tensor, accumulator) after the element at `indices`.
  static SmallVector<Value> accumulate(OpBuilder &body, CumulativeOp op,
                                       Value tensor, ValueRange indices,
                                       ValueRange state) {
    Location loc = op.getLoc();
    Type element = getElementTypeOrSelf(op.getType());
    Value x = loadAccumulator(
        body, loc, body.create<tensor::ExtractOp>(loc, tensor, indices),
        element);
    Value next = arith::getReductionOp(combiner(op.getKind(), element), body,
                                       loc, state[1], x);
    Value shown = storeAccumulator(
        body, loc, op.getExclusive() ? state[1] : next, element);
    Value written =
        body.create<tensor::InsertOp>(loc, shown, state[0], indices);
    return {written, next};
  }
};

/// For each place in the window, in order: the elements of all windows at that
/// place are added to the strided part of the result that they show.
struct LowerFold : OpConversionPattern<FoldOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(FoldOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    RankedTensorType result = storedTensor(op.getType());
    Type element = getElementTypeOrSelf(op.getType());
    auto zeros = cast<RankedTensorType>(result.clone(accumulatorType(element)));
    Value start = createFilled(rewriter, loc, zeros,
                               neutral(rewriter, loc, Reduction::Sum, element));
    auto step = [&](OpBuilder &body, ValueRange place, ValueRange carried) {
      return SmallVector<Value>{
          addPlace(body, op, adaptor.getX(), place, carried[0])};
    };
    SmallVector<Value> sums =
        createSequentialLoops(rewriter, loc, op.getSize(), start, step);
    rewriter.replaceOp(op, roundAccumulated(rewriter, loc, sums[0], element));
    return success();
  }

private:
  static Value addPlace(OpBuilder &body, FoldOp op, Value windows,
                        ValueRange place, Value sums) {
    Location loc = op.getLoc();
    auto type = cast<RankedTensorType>(windows.getType());
    auto sumType = cast<RankedTensorType>(sums.getType());
    int64_t rank = sumType.getRank();
    OpFoldResult zero = body.getIndexAttr(0), one = body.getIndexAttr(1);
    SmallVector<OpFoldResult> counts = getAsIndexOpFoldResult(
        body.getContext(), type.getShape().take_front(rank));
    // Element `place` of every window ...
    SmallVector<OpFoldResult> from(rank, zero), sizes(counts);
    from.append(place.begin(), place.end());
    sizes.append(place.size(), one);
    auto pieceType = RankedTensorType::get(type.getShape().take_front(rank),
                                           type.getElementType());
    Value cut = body.create<tensor::ExtractSliceOp>(
        loc, windows, from, sizes,
        SmallVector<OpFoldResult>(type.getRank(), one));
    // Not by a slice of fewer dimensions: where others have size 1 upstream's
    // folds take those for the ones that went.
    SmallVector<ReassociationIndices> kept(rank);
    for (int64_t d = 0; d < type.getRank(); ++d)
      kept[std::min(d, rank - 1)].push_back(d);
    Value piece =
        body.create<tensor::CollapseShapeOp>(loc, pieceType, cut, kept);
    // ... shows these elements of the result.
    SmallVector<OpFoldResult> to(rank, zero), strides(rank, one);
    for (auto [k, dim] : llvm::enumerate(op.getDims())) {
      Value dilation =
          body.create<arith::ConstantIndexOp>(loc, op.getDilation()[k]);
      to[dim] = body.createOrFold<arith::MulIOp>(loc, place[k], dilation);
      strides[dim] = body.getIndexAttr(op.getStride()[k]);
    }
    Value shown =
        body.create<tensor::ExtractSliceOp>(loc, sums, to, counts, strides);
    AffineMap identity = body.getMultiDimIdentityMap(rank);
    Type element = getElementTypeOrSelf(op.getType());
    auto add = [&](OpBuilder &inside, ValueRange elements) {
      Value x = loadAccumulator(inside, loc, elements[0], element);
      return SmallVector<Value>{arith::getReductionOp(
          combiner(Reduction::Sum, element), inside, loc, elements[1], x)};
    };
    Value added =
        createGeneric(body, loc, Loops::parallel(pieceType.getShape()),
                      Access{piece, identity}, Access{shown, identity}, add)
            .getResult(0);
    return body.create<tensor::InsertSliceOp>(loc, added, sums, to, counts,
                                              strides);
  }
};

} // namespace

void mg::populateReductions(RewritePatternSet &patterns,
                            const TensorLowering &types) {
  patterns.add<LowerReduce, LowerArgReduce, LowerCumulative, LowerFold>(
      types, patterns.getContext());
}
