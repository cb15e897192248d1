//===- LowerControl.cpp - loops and branches on stored tensors ------------===//
//
// scf ops stay; what they carry gets its stored form, and so do the tensor ops
// that slice and stack. A barrier becomes a cast of several values, which
// nothing sees through until DropBarriers.cpp.
//
//===----------------------------------------------------------------------===//

#include "passes/LowerControl.h"

#include "mlir/Dialect/SCF/Transforms/Patterns.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace mlir::mg;

namespace {

/// The same op on stored tensors.
template <class OpType> struct StoreTyped : OpConversionPattern<OpType> {
  using OpConversionPattern<OpType>::OpConversionPattern;
  LogicalResult
  matchAndRewrite(OpType op, typename OpType::Adaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    OperationState state(op.getLoc(), op->getName(), adaptor.getOperands(),
                         {storedTensor(op.getType())}, op->getAttrs());
    rewriter.replaceOp(op, rewriter.create(state)->getResults());
    return success();
  }
};

/// A scalar that a loop or a branch asks for.
struct LowerExtract : OpConversionPattern<tensor::ExtractOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(tensor::ExtractOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Value stored = rewriter.create<tensor::ExtractOp>(
        op.getLoc(), adaptor.getTensor(), adaptor.getIndices());
    rewriter.replaceOp(op,
                       loadElement(rewriter, op.getLoc(), stored,
                                   op.getTensor().getType().getElementType()));
    return success();
  }
};

struct LowerBarrier : OpConversionPattern<BarrierOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(BarrierOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    // The last result is for no one: a cast to the same types would fold.
    SmallVector<Type> types(adaptor.getOperands().getTypes());
    types.push_back(rewriter.getNoneType());
    auto cast = rewriter.create<UnrealizedConversionCastOp>(
        op.getLoc(), types, adaptor.getOperands());
    cast->setAttr("mg.barrier", rewriter.getUnitAttr());
    rewriter.replaceOp(op, cast.getResults().drop_back());
    return success();
  }
};

} // namespace

void mg::populateControl(RewritePatternSet &patterns, ConversionTarget &target,
                         TensorLowering &types) {
  scf::populateSCFStructuralTypeConversionsAndLegality(types, patterns, target);
  patterns.add<StoreTyped<tensor::EmptyOp>, StoreTyped<tensor::ExtractSliceOp>,
               StoreTyped<tensor::InsertSliceOp>, LowerExtract, LowerBarrier>(
      types, patterns.getContext());
  target.addDynamicallyLegalOp<tensor::EmptyOp, tensor::ExtractSliceOp,
                               tensor::InsertSliceOp, tensor::ExtractOp>(
      [&types](Operation *op) { return types.isLegal(op); });
}
