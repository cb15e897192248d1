//===- StartValues.cpp - fills that are only where an output starts -------===//
//
// See StartValues.h.
//
//===----------------------------------------------------------------------===//
#include "codegen/nests/StartValues.h"

#include "codegen/nests/BufferRegions.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;

namespace mg::codegen {

/// Whether `op` sees the buffer through `init` only.
static bool touchesOnlyAs(linalg::LinalgOp op, OpOperand &init) {
  bool other = false;
  auto see = [&](Value value) {
    other |= isa<MemRefType>(value.getType()) && mayOverlap(value, init.get());
  };
  for (OpOperand &operand : op->getOpOperands())
    if (&operand != &init)
      see(operand.get());
  op->walk([&](memref::LoadOp load) { see(load.getMemRef()); });
  return !other;
}

/// The fill that says what `init` holds when `op` begins; null if there is
/// none.
static linalg::FillOp findFill(linalg::LinalgOp op, OpOperand &init) {
  auto isFill = [](Operation *user) { return isa<linalg::FillOp>(user); };
  if (llvm::none_of(init.get().getUsers(), isFill) || !touchesOnlyAs(op, init))
    return {};
  for (Operation *at = op->getPrevNode(); at; at = at->getPrevNode()) {
    auto fill = dyn_cast<linalg::FillOp>(at);
    if (fill && fill.getOutputs()[0] == init.get())
      return fill;
    if (!avoids(at, init.get()))
      break;
  }
  return {};
}

StartValues::StartValues(ArrayRef<linalg::LinalgOp> ops) {
  for (linalg::LinalgOp op : ops) {
    if (isa<linalg::FillOp>(op) ||
        llvm::is_contained(op.getStaticLoopRanges(), 0))
      continue;
    for (OpOperand &init : op.getDpsInitsMutable())
      if (linalg::FillOp fill = findFill(op, init)) {
        FailureOr<LoopNest> nest = buildLoopNest(op);
        if (failed(nest) ||
            !coversBuffer(
                *nest,
                nest->outputs[init.getOperandNumber() - op.getNumDpsInputs()]))
          continue;
        valueOf[&init] = fill.getInputs()[0];
        fills.insert(fill);
      }
  }
}

void StartValues::apply(linalg::LinalgOp op, LoopNest &nest) const {
  for (auto [o, init] : llvm::enumerate(op.getDpsInitsMutable()))
    nest.initial[o] = at(init);
}

} // namespace mg::codegen
