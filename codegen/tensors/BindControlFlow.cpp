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
#include "codegen/tensors/BindControlFlow.h"

#include "codegen/tensors/TensorRoots.h"

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

/// Whether the elements of `init` lie where no one may write.
bool isReadOnly(Value init) {
  Operation *source = init.getDefiningOp();
  auto read = dyn_cast_or_null<bufferization::ToTensorOp>(source);
  return (read && !read.getWritable()) ||
         isa_and_nonnull<arith::ConstantOp>(source);
}

/// Whether `loop` is the last to see `init`, and runs once for each.
bool isLast(Value init, Operation *loop) {
  Operation *source = init.getDefiningOp();
  if (isa_and_nonnull<bufferization::ToTensorOp>(source))
    return true;
  return init.hasOneUse() && init.getParentBlock() == loop->getBlock() &&
         !isa_and_nonnull<tensor::ExtractSliceOp, tensor::ExpandShapeOp,
                          tensor::CollapseShapeOp, tensor::CastOp>(source);
}

/// Starts that bufferization would have to copy, because they are the caller's
/// or constants, are copied to where the loop's result may lie. Inside another
/// loop, and where someone reads the start again, it is copied to memory that
/// is no one else's: the result's place may hold what is still read.
void placeStarts(Operation *loop, MutableOperandRange inits) {
  OpBuilder b(loop);
  const Location loc = loop->getLoc();
  for (OpOperand &init : inits) {
    const auto type = dyn_cast<RankedTensorType>(init.get().getType());
    if (!type)
      continue;
    const bool mustMove = isReadOnly(init.get());
    if (mustMove && isa<func::FuncOp>(loop->getParentOp())) {
      Value place = b.create<tensor::EmptyOp>(loc, type.getShape(),
                                              type.getElementType());
      init.set(b.create<bufferization::MaterializeInDestinationOp>(
                    loc, init.get(), place)
                   .getResult());
    } else if (mustMove || !isLast(init.get(), loop)) {
      const bool isEmpty = bool(init.get().getDefiningOp<tensor::EmptyOp>());
      init.set(b.create<bufferization::AllocTensorOp>(
          loc, type, ValueRange(), isEmpty ? Value() : init.get()));
    }
  }
}

void bind(scf::ForOp loop) {
  placeStarts(loop, loop.getInitArgsMutable());
  auto yield = cast<scf::YieldOp>(loop.getBody()->getTerminator());
  bindOperands(yield, yield.getResultsMutable(),
               llvm::to_vector(loop.getRegionIterArgs()));
}

/// Canonicalization drops, repeats and reorders what a while passes from its
/// condition to its body. The loop in its place passes on all that it carries.
FailureOr<scf::WhileOp> passOnAll(scf::WhileOp loop) {
  Block *before = loop.getBeforeBody();
  auto isCarried = [&](Value value) {
    auto argument = dyn_cast<BlockArgument>(value);
    return argument && argument.getOwner() == before;
  };
  const SmallVector<Value> passed(loop.getConditionOp().getArgs());
  for (Value value : passed)
    if (!isCarried(value) && !loop.isDefinedOutsideOfLoop(value))
      return loop.emitError("internal: a loop must pass on what it carries");
  OpBuilder b(loop);
  auto made = b.create<scf::WhileOp>(
      loop.getLoc(), llvm::to_vector(loop.getInits().getTypes()),
      loop.getInits());
  made.getBefore().takeBody(loop.getBefore());
  made.getAfter().takeBody(loop.getAfter());
  made.getConditionOp().getArgsMutable().assign(before->getArguments());
  Block &after = made.getAfter().front();
  const unsigned old = after.getNumArguments();
  for (BlockArgument argument : before->getArguments())
    after.addArgument(argument.getType(), argument.getLoc());
  for (auto [i, value] : llvm::enumerate(passed)) {
    Value inside = value, result = value;
    if (isCarried(value)) {
      const unsigned number = cast<BlockArgument>(value).getArgNumber();
      inside = after.getArgument(old + number);
      result = made.getResult(number);
    }
    after.getArgument(i).replaceAllUsesWith(inside);
    loop.getResult(i).replaceAllUsesWith(result);
  }
  after.eraseArguments(0, old);
  loop.erase();
  return made;
}

LogicalResult bind(scf::WhileOp loop) {
  if (loop.getConditionOp().getArgs().getTypes() !=
      loop.getInits().getTypes()) {
    FailureOr<scf::WhileOp> made = passOnAll(loop);
    if (failed(made))
      return failure();
    loop = *made;
  }
  scf::ConditionOp condition = loop.getConditionOp();
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
