//===- DropBarriers.cpp - Barriers have done their work -------------------===//
//
// In:    functions at the linalg level with barriers: casts of several values
//        to themselves, with mg.barrier (LowerControl.cpp).
// Out:   the same without: values behind a barrier are those before it.
//
//          %a, %b, _ = builtin.unrealized_conversion_cast %x, %ct {mg.barrier}
//            =>
//          %x, %ct
//
//        Until here they kept what is computed again behind them from being
//        merged with what was computed before, or fused with it.
// Never: reorders: what is computed again stands where it stood.
//
//===----------------------------------------------------------------------===//

#include "passes/ControlPasses.h"

using namespace mlir;
using namespace mlir::mg;

namespace mlir::mg {
#define GEN_PASS_DEF_DROPBARRIERS
#include "passes/ControlPasses.h.inc"
} // namespace mlir::mg

namespace {

struct DropBarriers : mg::impl::DropBarriersBase<DropBarriers> {
  void runOnOperation() override {
    getOperation().walk([](UnrealizedConversionCastOp op) {
      if (!op->hasAttr("mg.barrier"))
        return;
      for (auto [before, behind] : llvm::zip(op.getOperands(), op.getResults()))
        behind.replaceAllUsesWith(before);
      op.erase();
    });
  }
};

} // namespace
