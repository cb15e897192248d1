//===- DropEmpty.cpp - Tensors without elements need no computation -------===//
//
// In:    mg ops on static shapes.
// Out:   no mg op but a constant has only results without elements.
//
//          %y = mg.exp %x : tensor<4x0xf32>
//        =>
//          %y = mg.constant dense<> : tensor<4x0xf32>
//
// Never: touches an op with an element to compute, such as the sum of nothing.
//
// Besides the work saved, upstream's verifier refuses a strided indexing map
// over an empty loop: it looks at the index -1.
//
//===----------------------------------------------------------------------===//

#include "passes/Passes.h"

#include "ir/Dialect.h"
#include "ir/Ops.h"

#include "mlir/Interfaces/SideEffectInterfaces.h"

using namespace mlir;
using namespace mlir::mg;

namespace mlir::mg {
#define GEN_PASS_DEF_DROPEMPTY
#include "passes/Passes.h.inc"
} // namespace mlir::mg

static bool isEmpty(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && type.hasStaticShape() && type.getNumElements() == 0;
}

namespace {

struct DropEmpty : mlir::mg::impl::DropEmptyBase<DropEmpty> {
  void runOnOperation() override {
    SmallVector<Operation *> empty;
    getOperation().walk([&](Operation *op) {
      if (isa<MgDialect>(op->getDialect()) && op->getNumResults() > 0 &&
          !op->hasTrait<OpTrait::ConstantLike>() &&
          llvm::all_of(op->getResults(), isEmpty))
        empty.push_back(op);
    });
    for (Operation *op : empty) {
      OpBuilder b(op);
      for (OpResult result : op->getResults()) {
        auto type = cast<RankedTensorType>(result.getType());
        result.replaceAllUsesWith(b.create<ConstantOp>(
            op->getLoc(), type,
            DenseElementsAttr::get(type, ArrayRef<Attribute>())));
      }
      op->erase();
    }
  }
};

} // namespace
