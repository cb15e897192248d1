//===- BindControlFlow.cpp - loops and branches have one place ------------===//
//-----------------===//
//
//   scf.for .. iter_args(%a = %x) {
//     %b = f(%a)
//     scf.yield %b }
//       ->
//   %init = bufferization.materialize_in_destination %x in %empty
//   scf.for .. iter_args(%a = %init) {
//     %b = f(%a)
//     %c = bufferization.materialize_in_destination %b in %a
//     scf.yield %c }
//
// Bufferization then computes %b in the memory of %a, or into a temporary and
// copies, but never has two memories change places. The destination of the
// start may become the memory of the loop's result.
//
// So do the branches of an `scf.if` with results: both write to one destination
// made before it. The result then is memory of a known layout.
//
//===----------------------------------------------------------------------===//
#include "codegen/BindControlFlow.h"

#include "codegen/TensorRoots.h"

#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace mg::codegen {

namespace {

/// The op whose destination is `carried`, where `value` is `carried` with
/// elements written to it, one write after the other; else null.
Operation *firstWrite(Value value, BlockArgument carried) {
  Operation *first = nullptr;
  while (value != carried) {
    auto result = dyn_cast<OpResult>(value);
    if (!result)
      return nullptr;
    first = result.getOwner();
    if (auto write = dyn_cast<tensor::InsertOp>(first))
      value = write.getDest();
    else if (auto write = dyn_cast<tensor::InsertSliceOp>(first))
      value = write.getDest();
    else if (auto inner = dyn_cast<scf::ForOp>(first))
      value = inner.getInitArgs()[result.getResultNumber()];
    else
      return nullptr;
  }
  return first;
}

/// Whether bufferization keeps `value` in the place of `carried` without being
/// told: written element by element, and nobody reads the old contents later.
bool isWrittenInPlace(Value value, BlockArgument carried) {
  if (value == carried)
    return true;
  Operation *first = firstWrite(value, carried);
  return first && llvm::all_of(carried.getUsers(), [&](Operation *user) {
           user = first->getBlock()->findAncestorOpInBlock(*user);
           return user && (user == first || user->isBeforeInBlock(first));
         });
}

/// The operands of `end` go to the memory of `carried`, which lies in one
/// block. What is overwritten before its turn is copied first.
void bindOperands(Operation *end, MutableOperandRange operands,
                  ArrayRef<BlockArgument> carried) {
  OpBuilder b(end);
  const Location loc = end->getLoc();
  llvm::SmallDenseSet<Value> overwritten;
  SmallVector<Value> values;
  for (auto [value, place] :
       llvm::zip_equal(ValueRange(operands.getAsOperandRange()), carried)) {
    values.push_back(value);
    const auto type = dyn_cast<RankedTensorType>(value.getType());
    if (!type || value == place)
      continue;
    const TensorRoots roots(value, place.getOwner());
    if (roots.any([&](Value root) {
          return root == place ? roots.throughView()
                               : overwritten.contains(root);
        }))
      values.back() = b.create<bufferization::AllocTensorOp>(
          loc, type, ValueRange(), value);
    overwritten.insert(place);
  }
  for (auto [value, place] : llvm::zip(values, carried))
    if (isa<RankedTensorType>(value.getType()) &&
        !isWrittenInPlace(value, place))
      value =
          b.create<bufferization::MaterializeInDestinationOp>(loc, value, place)
              .getResult();
  operands.assign(values);
}

/// Starts that bufferization would have to copy, because they are the caller's
/// or constants, are copied to where the loop's result may lie.
void placeStarts(Operation *loop, MutableOperandRange inits) {
  OpBuilder b(loop);
  for (OpOperand &init : inits) {
    const auto type = dyn_cast<RankedTensorType>(init.get().getType());
    Operation *source = init.get().getDefiningOp();
    auto read = dyn_cast_or_null<bufferization::ToTensorOp>(source);
    if (!type || !source ||
        !((read && !read.getWritable()) || isa<arith::ConstantOp>(source)))
      continue;
    Value place = b.create<tensor::EmptyOp>(loop->getLoc(), type.getShape(),
                                            type.getElementType());
    init.set(b.create<bufferization::MaterializeInDestinationOp>(
                  loop->getLoc(), init.get(), place)
                 .getResult());
  }
}

void bind(scf::ForOp loop) {
  placeStarts(loop, loop.getInitArgsMutable());
  auto yield = cast<scf::YieldOp>(loop.getBody()->getTerminator());
  bindOperands(yield, yield.getResultsMutable(),
               llvm::to_vector(loop.getRegionIterArgs()));
}

LogicalResult bind(scf::WhileOp loop) {
  scf::ConditionOp condition = loop.getConditionOp();
  if (condition.getArgs().getTypes() != loop.getInits().getTypes())
    return loop.emitError("internal: a loop must pass on what it carries");
  placeStarts(loop, loop.getInitsMutable());
  bindOperands(condition, condition.getArgsMutable(),
               llvm::to_vector(loop.getBeforeArguments()));
  scf::YieldOp yield = loop.getYieldOp();
  bindOperands(yield, yield.getResultsMutable(),
               llvm::to_vector(loop.getAfterArguments()));
  return success();
}

void bind(scf::IfOp branch) {
  OpBuilder b(branch);
  SmallVector<Value> places;
  for (Type type : branch.getResultTypes()) {
    const auto tensor = dyn_cast<RankedTensorType>(type);
    places.push_back(tensor ? b.create<tensor::EmptyOp>(branch.getLoc(),
                                                        tensor.getShape(),
                                                        tensor.getElementType())
                                  .getResult()
                            : Value());
  }
  for (scf::YieldOp yield : {branch.thenYield(), branch.elseYield()}) {
    b.setInsertionPoint(yield);
    for (auto [operand, place] : llvm::zip(yield->getOpOperands(), places))
      if (place)
        operand.set(b.create<bufferization::MaterializeInDestinationOp>(
                         yield.getLoc(), operand.get(), place)
                        .getResult());
  }
}

} // namespace

LogicalResult bindControlFlow(func::FuncOp function) {
  const WalkResult result = function.walk([](Operation *op) {
    if (auto loop = dyn_cast<scf::ForOp>(op))
      bind(loop);
    else if (auto branch = dyn_cast<scf::IfOp>(op);
             branch && branch.getNumResults() > 0)
      bind(branch);
    else if (auto loop = dyn_cast<scf::WhileOp>(op))
      return WalkResult(bind(loop));
    return WalkResult::advance();
  });
  return failure(result.wasInterrupted());
}

} // namespace mg::codegen
