//===- SpreadSplats.cpp - a tensor of one value needs no memory -----------===//
//
//   %c = arith.constant dense<0.5> : tensor<4x1024xf32>
//   linalg.generic ins(%x, %c) ..        ->  ins(%x, 0.5)
//   tensor.insert_slice %x into %c       ->  .. into linalg.fill(0.5)
//
// In and out: `linalg` on tensors. A splat that an op reads becomes a scalar;
// one that is written to, or is a result, a fill of memory that is written
// anyway. Otherwise it would be an array in the object, and a copy of it.
//
//===----------------------------------------------------------------------===//
#include "codegen/Passes.h"

#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/LoopLikeInterface.h"

namespace mg::codegen {

#define GEN_PASS_DEF_SPREADSPLATS
#include "codegen/Passes.h.inc"

using namespace mlir;

namespace {

/// The op's maps with a scalar in place of one operand.
SmallVector<AffineMap> mapsWithScalar(OpOperand &use) {
  auto op = cast<linalg::GenericOp>(use.getOwner());
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  maps[use.getOperandNumber()] =
      AffineMap::get(op.getNumLoops(), 0, op.getContext());
  return maps;
}

/// Makes the operand of a generic op a scalar, the same for all iterations.
void readScalar(OpOperand &use, Value scalar) {
  auto op = cast<linalg::GenericOp>(use.getOwner());
  op.setIndexingMapsAttr(
      Builder(op).getAffineMapArrayAttr(mapsWithScalar(use)));
  use.set(scalar);
}

/// Whether an op reads the elements, and its other operands still tell how long
/// each of its loops is.
bool isRead(OpOperand &use) {
  auto op = dyn_cast<linalg::GenericOp>(use.getOwner());
  return op && op.isDpsInput(&use) &&
         inversePermutation(concatAffineMaps(mapsWithScalar(use)));
}

/// Whether the op makes a copy of the tensor, keeps it, or must have a tensor.
bool isKept(OpOperand &use) {
  Operation *user = use.getOwner();
  if (isa<DestinationStyleOpInterface>(user))
    return true;
  return isa<LoopLikeOpInterface, func::ReturnOp, scf::YieldOp>(user);
}

class SpreadSplats : public impl::SpreadSplatsBase<SpreadSplats> {
  void spread(arith::ConstantOp constant, SplatElementsAttr splat) {
    const Location loc = constant.getLoc();
    OpBuilder b(constant);
    Value scalar =
        b.create<arith::ConstantOp>(loc, splat.getSplatValue<TypedAttr>());
    const auto type = cast<RankedTensorType>(constant.getType());
    for (OpOperand &use : llvm::make_early_inc_range(constant->getUses())) {
      if (isRead(use)) {
        readScalar(use, scalar);
      } else if (isKept(use)) {
        b.setInsertionPoint(use.getOwner());
        Value empty = b.create<tensor::EmptyOp>(loc, type.getShape(),
                                                type.getElementType());
        use.set(b.create<linalg::FillOp>(loc, scalar, empty).getResult(0));
      }
    }
    if (constant->use_empty())
      constant->erase();
  }

  void runOnOperation() final {
    getOperation()->walk([&](arith::ConstantOp constant) {
      SplatElementsAttr splat;
      if (isa<RankedTensorType>(constant.getType()) &&
          matchPattern(constant.getResult(), m_Constant(&splat)))
        spread(constant, splat);
    });
  }
};

} // namespace
} // namespace mg::codegen
