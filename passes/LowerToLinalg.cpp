//===- LowerToLinalg.cpp - mg ops to linalg on tensors --------------------===//
//
// In:    mg ops on static tensors, also inside scf loops and branches; no
//        calls, no weights.
// Out:   no mg op: linalg.generic and linalg.fill, tensor slices and reshapes,
//        sequential scf.for loops, calls of the runtime. Element types are
//        signless, bools are bytes (Lowering.h).
//
//          %y = mg.add %a, %b : tensor<4xf32>
//            =>
//          %e = tensor.empty() : tensor<4xf32>
//          %y = linalg.generic ins(%a, %b) outs(%e) { arith.addf }
//
//        A math function reads its first operand through `llvm.intr.ssa.copy`:
//        no fold sees through it. Upstream would evaluate functions of
//        constants by the compiler's libm, whose bits are not those of our
//        kernels, and says that atan2(0, 0) is NaN; and what is constant may
//        turn out late, as the index of a loop of one step.
// Never: fuses, or chooses loops: one op, one loop nest.
//
//===----------------------------------------------------------------------===//

#include "passes/LowerControl.h"
#include "passes/Passes.h"

#include "ir/Dialect.h"

#include "mlir/Dialect/Func/Transforms/FuncConversions.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace mlir::mg;

namespace mlir::mg {
#define GEN_PASS_DEF_LOWERTOLINALG
#include "passes/Passes.h.inc"
} // namespace mlir::mg

/// Everything but mg ops and functions of mg tensors may stay. That mg ops are
/// not legal is not said, so that one without a pattern does not end it all.
static void setLegality(ConversionTarget &target, const TensorLowering &types) {
  target.markUnknownOpDynamicallyLegal(
      [](Operation *op) -> std::optional<bool> {
        if (isa_and_nonnull<MgDialect>(op->getDialect()))
          return std::nullopt;
        return true;
      });
  target.addDynamicallyLegalOp<func::FuncOp>([&](func::FuncOp op) {
    return types.isSignatureLegal(op.getFunctionType());
  });
  target.addDynamicallyLegalOp<func::ReturnOp>(
      [&](func::ReturnOp op) { return types.isLegal(op); });
}

static void populate(RewritePatternSet &patterns, TensorLowering &types) {
  populateFunctionOpInterfaceTypeConversionPattern<func::FuncOp>(patterns,
                                                                 types);
  populateReturnOpTypeConversionPattern(patterns, types);
  populateSources(patterns, types);
  populateElementwise(patterns, types);
  populateCopies(patterns, types);
  populateReductions(patterns, types);
  populateContractions(patterns, types);
  populateDilations(patterns);
  populateIndexing(patterns, types);
  populateSorting(patterns, types);
}

static void hideOperands(Operation *root) {
  root->walk([](Operation *op) {
    if (!isa_and_nonnull<math::MathDialect>(op->getDialect()))
      return;
    OpBuilder builder(op);
    Value operand = op->getOperand(0);
    op->setOperand(0, builder.create<LLVM::SSACopyOp>(
                          op->getLoc(), operand.getType(), operand));
  });
}

namespace {

struct LowerToLinalg : mg::impl::LowerToLinalgBase<LowerToLinalg> {
  void getDependentDialects(DialectRegistry &registry) const override {
    LowerToLinalgBase::getDependentDialects(registry);
    registry.insert<LLVM::LLVMDialect>();
  }

  void runOnOperation() override {
    TensorLowering types;
    RewritePatternSet patterns(&getContext());
    populate(patterns, types);
    ConversionTarget target(getContext());
    setLegality(target, types);
    populateControl(patterns, target, types);
    bool failed = mlir::failed(
        applyPartialConversion(getOperation(), target, std::move(patterns)));
    // All that are left are reported, not only the first.
    getOperation()->walk([&](Operation *op) {
      if (!isa_and_nonnull<MgDialect>(op->getDialect()))
        return;
      op->emitError("not supported: ") << op->getName();
      failed = true;
    });
    if (failed)
      return signalPassFailure();
    hideOperands(getOperation());
  }
};

} // namespace
