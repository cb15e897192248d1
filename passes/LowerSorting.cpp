//===- LowerSorting.cpp - sort and topk to a call of the runtime ----------===//
//
// The runtime computes the permutation that sorts the keys along the middle of
// three dimensions; keys and values are then gathered by it.
//
//===----------------------------------------------------------------------===//

#include "passes/DTypes.h"
#include "passes/Lowering.h"

#include "ir/Ops.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace mlir::mg;

static constexpr StringLiteral argsortName = "mg_call_argsort";

/// int mg_call_argsort(const void *keys, int64_t *perm, int32_t dtype,
///                     int64_t outer, int64_t n, int64_t inner,
///                     int32_t descending)
static func::FuncOp declareArgsort(ConversionPatternRewriter &rewriter,
                                   Operation *user) {
  auto module = user->getParentOfType<ModuleOp>();
  if (auto declared = module.lookupSymbol<func::FuncOp>(argsortName))
    return declared;
  OpBuilder::InsertionGuard guard(rewriter);
  rewriter.setInsertionPointToStart(module.getBody());
  Type index = rewriter.getIndexType();
  Type i32 = rewriter.getI32Type(), i64 = rewriter.getI64Type();
  auto declared = rewriter.create<func::FuncOp>(
      module.getLoc(), argsortName,
      rewriter.getFunctionType({index, index, i32, i64, i64, i64, i32}, i32));
  declared.setPrivate();
  return declared;
}

/// The three dimensions around `dim`: those before it, itself, those after.
static std::array<int64_t, 3> foldAround(ArrayRef<int64_t> shape, int64_t dim) {
  std::array<int64_t, 3> folded = {1, shape[dim], 1};
  for (int64_t size : shape.take_front(dim))
    folded[0] *= size;
  for (int64_t size : shape.drop_front(dim + 1))
    folded[2] *= size;
  return folded;
}

/// For each element along `dim` of the sorted keys, where it was: a tensor of
/// i64 in the keys' shape. `mgType` is the keys' type in mg.
static Value createArgsort(ConversionPatternRewriter &rewriter, Operation *op,
                           Value keys, Type mgType, int64_t dim,
                           bool descending) {
  Location loc = op->getLoc();
  auto type = cast<RankedTensorType>(keys.getType());
  auto permType = MemRefType::get(type.getShape(), rewriter.getI64Type());
  auto address = [&](Value memref) -> Value {
    return rewriter.create<memref::ExtractAlignedPointerAsIndexOp>(loc, memref);
  };
  auto constant = [&](int64_t value, unsigned width) -> Value {
    return rewriter.create<arith::ConstantIntOp>(loc, value, width);
  };
  std::array<int64_t, 3> sizes = foldAround(type.getShape(), dim);
  Value perm = rewriter.create<memref::AllocOp>(loc, permType);
  Value from = rewriter.create<bufferization::ToMemrefOp>(
      loc, MemRefType::get(type.getShape(), type.getElementType()), keys,
      /*read_only=*/true);
  Value arguments[] = {
      address(from),
      address(perm),
      constant(dtypeOf(getElementTypeOrSelf(mgType)).number, 32),
      constant(sizes[0], 64),
      constant(sizes[1], 64),
      constant(sizes[2], 64),
      constant(descending, 32)};
  rewriter.create<func::CallOp>(loc, declareArgsort(rewriter, op), arguments);
  return rewriter.create<bufferization::ToTensorOp>(
      loc, perm, /*restrict=*/true, /*writable=*/false);
}

/// `result[.., i, ..] = tensor[.., perm[.., i, ..], ..]`; `result` may be
/// shorter than `perm`.
static Value gatherAlong(OpBuilder &builder, Location loc, Value tensor,
                         Value perm, int64_t dim, RankedTensorType result) {
  int64_t size = cast<RankedTensorType>(tensor.getType()).getDimSize(dim);
  auto body = [&](OpBuilder &inside, ValueRange entries) -> Value {
    SmallVector<Value> at;
    for (int64_t i = 0; i < result.getRank(); ++i)
      at.push_back(i == dim ? clampIndex(inside, loc, entries[0], size - 1)
                            : inside.create<linalg::IndexOp>(loc, i));
    return inside.create<tensor::ExtractOp>(loc, tensor, at);
  };
  AffineMap identity = builder.getMultiDimIdentityMap(result.getRank());
  return createElementwise(builder, loc, result, Access{perm, identity}, body);
}

namespace {

struct LowerSort : OpConversionPattern<SortOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(SortOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    ValueRange operands = adaptor.getOperands();
    auto type = cast<RankedTensorType>(operands[0].getType());
    if (type.getNumElements() == 0) {
      rewriter.replaceOp(op, operands);
      return success();
    }
    Value perm =
        createArgsort(rewriter, op, operands[0], op->getOperand(0).getType(),
                      op.getDim(), op.getDescending());
    SmallVector<Value> sorted;
    for (Value operand : operands)
      sorted.push_back(gatherAlong(rewriter, op.getLoc(), operand, perm,
                                   op.getDim(),
                                   cast<RankedTensorType>(operand.getType())));
    rewriter.replaceOp(op, sorted);
    return success();
  }
};

struct LowerTopK : OpConversionPattern<TopKOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(TopKOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    RankedTensorType values = storedTensor(op.getValues().getType());
    RankedTensorType indices = storedTensor(op.getIndices().getType());
    if (values.getNumElements() == 0) {
      SmallVector<Value> none;
      for (RankedTensorType type : {values, indices})
        none.push_back(rewriter.create<tensor::EmptyOp>(loc, type.getShape(),
                                                        type.getElementType()));
      rewriter.replaceOp(op, none);
      return success();
    }
    Value perm = createArgsort(rewriter, op, adaptor.getX(),
                               op.getX().getType(), op.getDim(),
                               /*descending=*/op.getLargest());
    Value best =
        gatherAlong(rewriter, loc, adaptor.getX(), perm, op.getDim(), values);
    auto convert = [&](OpBuilder &body, ValueRange entries) -> Value {
      if (indices.getElementType().isInteger(64))
        return entries[0];
      return body.create<arith::TruncIOp>(loc, indices.getElementType(),
                                          entries[0]);
    };
    AffineMap identity = rewriter.getMultiDimIdentityMap(indices.getRank());
    Value places = createElementwise(rewriter, loc, indices,
                                     Access{perm, identity}, convert);
    rewriter.replaceOp(op, {best, places});
    return success();
  }
};

} // namespace

void mg::populateSorting(RewritePatternSet &patterns,
                         const TensorLowering &types) {
  patterns.add<LowerSort, LowerTopK>(types, patterns.getContext());
}
