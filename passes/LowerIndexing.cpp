//===- LowerIndexing.cpp - gather and scatter to linalg and loops ---------===//
//
// Both pair an element of x with an element of the gathered form (batch..,
// outer.., x's other dims..): x's index there is made from batch indices, from
// the index vector (clamped: GuardIndices.cpp reports the bad ones), and from
// the trailing indices.
//
//===----------------------------------------------------------------------===//

#include "passes/Lowering.h"

#include "ir/Ops.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace mlir::mg;

namespace {

/// How the gathered form of `x` is indexed.
struct GatherForm {
  RankedTensorType x;
  /// x's dims that index vectors index, in the vectors' order.
  ArrayRef<int64_t> dims;
  int64_t batchDims;
  /// Rank of the indices without the vectors: batch and outer dims.
  int64_t outerRank;

  GatherForm(RankedTensorType x, RankedTensorType indices,
             ArrayRef<int64_t> dims, int64_t batchDims)
      : x(x), dims(dims), batchDims(batchDims),
        outerRank(indices.getRank() - 1) {}

  /// Whether an indexed dimension has no element at all.
  bool isEmpty() const {
    return llvm::any_of(dims,
                        [&](int64_t dim) { return x.getDimSize(dim) == 0; });
  }

  /// The element of x for the gathered `at` and the index vector there.
  SmallVector<Value> elementOf(OpBuilder &builder, Location loc, ValueRange at,
                               ValueRange vector) const {
    SmallVector<Value> element(x.getRank());
    for (int64_t dim = 0; dim < batchDims; ++dim)
      element[dim] = at[dim];
    for (auto [dim, index] : llvm::zip(dims, vector))
      element[dim] = clampIndex(builder, loc, index, x.getDimSize(dim) - 1);
    ValueRange rest = at.drop_front(outerRank);
    for (Value &index : element)
      if (!index) {
        index = rest.front();
        rest = rest.drop_front();
      }
    return element;
  }
};

struct LowerGather : OpConversionPattern<GatherOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(GatherOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    RankedTensorType result = storedTensor(op.getType());
    auto indices = cast<RankedTensorType>(adaptor.getIndices().getType());
    GatherForm form(cast<RankedTensorType>(adaptor.getX().getType()), indices,
                    op.getDims(), op.getBatchDims());
    if (form.isEmpty()) {
      auto zero =
          cast<TypedAttr>(rewriter.getZeroAttr(result.getElementType()));
      rewriter.replaceOp(op, createFilled(rewriter, loc, result, zero));
      return success();
    }
    // Entry k of the vector is an input of its own.
    SmallVector<Access> vector;
    for (int64_t k = 0; k < indices.getShape().back(); ++k) {
      SmallVector<AffineExpr> at;
      for (int64_t dim = 0; dim < form.outerRank; ++dim)
        at.push_back(rewriter.getAffineDimExpr(dim));
      at.push_back(rewriter.getAffineConstantExpr(k));
      vector.push_back(
          {adaptor.getIndices(),
           AffineMap::get(result.getRank(), 0, at, rewriter.getContext())});
    }
    auto body = [&](OpBuilder &builder, ValueRange entries) -> Value {
      SmallVector<Value> at;
      for (int64_t dim = 0; dim < result.getRank(); ++dim)
        at.push_back(builder.create<linalg::IndexOp>(loc, dim));
      return builder.create<tensor::ExtractOp>(
          loc, adaptor.getX(), form.elementOf(builder, loc, at, entries));
    };
    rewriter.replaceOp(op,
                       createElementwise(rewriter, loc, result, vector, body));
    return success();
  }
};

struct LowerScatter : OpConversionPattern<ScatterOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(ScatterOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    auto indices = cast<RankedTensorType>(adaptor.getIndices().getType());
    auto updates = cast<RankedTensorType>(adaptor.getUpdates().getType());
    GatherForm form(storedTensor(op.getType()), indices, op.getDims(),
                    op.getBatchDims());
    if (form.isEmpty()) {
      rewriter.replaceOp(op, adaptor.getX());
      return success();
    }
    auto step = [&](OpBuilder &body, ValueRange at, ValueRange carried) {
      SmallVector<Value> vector;
      for (int64_t k = 0; k < indices.getShape().back(); ++k) {
        SmallVector<Value> entry(at.take_front(form.outerRank));
        entry.push_back(body.create<arith::ConstantIndexOp>(loc, k));
        vector.push_back(
            body.create<tensor::ExtractOp>(loc, adaptor.getIndices(), entry));
      }
      SmallVector<Value> element = form.elementOf(body, loc, at, vector);
      Value update =
          body.create<tensor::ExtractOp>(loc, adaptor.getUpdates(), at);
      Value combined = combine(body, op, update, carried[0], element);
      return SmallVector<Value>{
          body.create<tensor::InsertOp>(loc, combined, carried[0], element)};
    };
    rewriter.replaceOp(op,
                       createSequentialLoops(rewriter, loc, updates.getShape(),
                                             adaptor.getX(), step));
    return success();
  }

private:
  /// What `update` makes of the element at `at`.
  static Value combine(OpBuilder &body, ScatterOp op, Value update,
                       Value tensor, ValueRange at) {
    std::optional<Reduction> kind = reductionOf(op.getMode());
    if (!kind)
      return update;
    Location loc = op.getLoc();
    Type element = getElementTypeOrSelf(op.getType());
    Value old = body.create<tensor::ExtractOp>(loc, tensor, at);
    Value next =
        arith::getReductionOp(combiner(*kind, element), body, loc,
                              loadAccumulator(body, loc, old, element),
                              loadAccumulator(body, loc, update, element));
    return storeAccumulator(body, loc, next, element);
  }

  static std::optional<Reduction> reductionOf(ScatterMode mode) {
    switch (mode) {
    case ScatterMode::Set:
      return std::nullopt;
    case ScatterMode::Add:
      return Reduction::Sum;
    case ScatterMode::Mul:
      return Reduction::Prod;
    case ScatterMode::Min:
      return Reduction::Min;
    case ScatterMode::Max:
      return Reduction::Max;
    }
    llvm_unreachable("all modes are handled");
  }
};

} // namespace

void mg::populateIndexing(RewritePatternSet &patterns,
                          const TensorLowering &types) {
  patterns.add<LowerGather, LowerScatter>(types, patterns.getContext());
}
