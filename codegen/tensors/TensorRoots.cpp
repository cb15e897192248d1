//===- TensorRoots.cpp - whose memory a tensor may name -------------------===//
#include "codegen/tensors/TensorRoots.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace mg::codegen {

void TensorRoots::visit(Value value) {
  if (!seen.insert(value).second)
    return;
  if (auto argument = dyn_cast<BlockArgument>(value))
    visitArgument(argument);
  else
    visitResult(cast<OpResult>(value));
}

void TensorRoots::visitArgument(BlockArgument argument) {
  Block *block = argument.getOwner();
  Operation *parent = block == home ? nullptr : block->getParentOp();
  if (auto loop = dyn_cast_or_null<scf::ForOp>(parent);
      loop && argument.getArgNumber() > 0) {
    const unsigned i = argument.getArgNumber() - 1;
    visit(loop.getInitArgs()[i]);
    visit(loop.getYieldedValues()[i]);
  } else if (auto loop = dyn_cast_or_null<scf::WhileOp>(parent)) {
    const unsigned i = argument.getArgNumber();
    if (block == loop.getAfterBody())
      return visit(loop.getConditionOp().getArgs()[i]);
    visit(loop.getInits()[i]);
    visit(loop.getYieldOp().getOperand(i));
  } else {
    values.insert(argument);
  }
}

void TensorRoots::visitResult(OpResult result) {
  Operation *op = result.getOwner();
  const unsigned i = result.getResultNumber();
  if (isa<tensor::ExtractSliceOp, tensor::CollapseShapeOp,
          tensor::ExpandShapeOp, tensor::CastOp>(op)) {
    sawView = true;
    visit(op->getOperand(0));
  } else if (auto choice = dyn_cast<arith::SelectOp>(op)) {
    visit(choice.getTrueValue());
    visit(choice.getFalseValue());
  } else if (auto loop = dyn_cast<scf::WhileOp>(op)) {
    visit(loop.getConditionOp().getArgs()[i]);
  } else if (auto loop = dyn_cast<scf::ForOp>(op)) {
    visit(loop.getInitArgs()[i]);
    visit(loop.getYieldedValues()[i]);
  } else {
    values.insert(result);
  }
}

} // namespace mg::codegen
