//===- Parallelize.cpp - scf.forall on buffers to tasks and launches ------===//
//
// In: functions on memrefs with one-dimensional scf.forall. Out: per forall a
// private function of one iteration, and a call of the declaration that will
// launch it (see LowerLaunches). Without a pool argument the iterations run
// here, in order. Never touches what is inside an iteration.
//
//   scf.forall (%i) in (8) { .. %a .. }
//     ->
//   call @f_launch_0(%a, %pool, %c8)
//   func.func private @f_task_0(%a, %i: i64) { .. }
//   func.func private @f_launch_0(memref, !llvm.ptr, i64) {mg.launch =
//   @f_task_0}
//
// Only leaves are captured: views and index arithmetic are repeated in the
// task, so that pointers arrive as the entry got them, with its facts about
// aliases.
//
//===----------------------------------------------------------------------===//
#include "codegen/Passes.h"
#include "codegen/tasks/Outline.h"

#include "mlir/IR/SymbolTable.h"
#include "mlir/Transforms/RegionUtils.h"

namespace mg::codegen {
#define GEN_PASS_DEF_PARALLELIZE
#include "codegen/Passes.h.inc"
} // namespace mg::codegen

using namespace mlir;

namespace mg::codegen {

/// Copies pure definitions from outside into the loop; what stays captured are
/// arguments, buffers and values read from memory.
static llvm::SetVector<Value> captureLeaves(scf::ForallOp loop) {
  OpBuilder b(loop.getBody(), loop.getBody()->begin());
  for (;;) {
    llvm::SetVector<Value> captured;
    getUsedValuesDefinedAbove(loop.getRegion(), captured);
    auto repeatable = llvm::find_if(
        captured, [](Value v) { return canRepeat(v.getDefiningOp()); });
    if (repeatable == captured.end())
      return captured;
    b.setInsertionPointToStart(loop.getBody());
    Operation *op = repeatable->getDefiningOp(), *copy = b.clone(*op);
    for (auto [from, to] :
         llvm::zip_equal(op->getResults(), copy->getResults()))
      replaceAllUsesInRegionWith(from, to, loop.getRegion());
  }
}

namespace {
struct Parallelize : public impl::ParallelizeBase<Parallelize> {
  using ParallelizeBase::ParallelizeBase;

  void runOnOperation() override {
    SmallVector<func::FuncOp> functions(getOperation().getOps<func::FuncOp>());
    for (func::FuncOp function : functions) {
      SmallVector<scf::ForallOp> loops;
      function.walk<WalkOrder::PreOrder>([&](scf::ForallOp loop) {
        loops.push_back(loop);
        return WalkResult::skip();
      });
      for (auto [i, loop] : llvm::enumerate(loops))
        if (failed(outline(function, loop, i)))
          return signalPassFailure();
    }
  }

  LogicalResult outline(func::FuncOp function, scf::ForallOp loop, size_t i);
  func::FuncOp createTask(func::FuncOp function, scf::ForallOp loop,
                          ArrayRef<Value> captured, size_t number);
};
} // namespace

static std::string nameOf(func::FuncOp function, StringRef kind, size_t i) {
  return (function.getName() + "_" + kind + "_" + Twine(i)).str();
}

func::FuncOp Parallelize::createTask(func::FuncOp function, scf::ForallOp loop,
                                     ArrayRef<Value> captured, size_t number) {
  Location loc = loop.getLoc();
  OpBuilder b(&getContext());
  b.setInsertionPointAfter(function);
  SmallVector<Type> types(ValueRange(captured).getTypes());
  types.push_back(b.getI64Type());
  auto task = b.create<func::FuncOp>(loc, nameOf(function, "task", number),
                                     b.getFunctionType(types, {}));
  task.setPrivate();
  Block *body = task.addEntryBlock();
  copyArgumentFacts(function, captured, task);

  b.setInsertionPointToStart(body);
  Value index = b.create<arith::IndexCastOp>(loc, b.getIndexType(),
                                             body->getArguments().back());
  loop.getTerminator()->erase();
  replaceAllUsesInRegionWith(loop.getInductionVar(0), index, loop.getRegion());
  for (auto [value, arg] : llvm::zip(captured, body->getArguments()))
    replaceAllUsesInRegionWith(value, arg, loop.getRegion());
  body->getOperations().splice(body->end(), loop.getBody()->getOperations());
  b.setInsertionPointToEnd(body);
  b.create<func::ReturnOp>(loc);
  return task;
}

LogicalResult Parallelize::outline(func::FuncOp function, scf::ForallOp loop,
                                   size_t number) {
  if (loop.getRank() != 1 || !loop.isNormalized() || loop.getNumResults() != 0)
    return loop.emitError("internal: a task loop has one dimension from 0 by 1 "
                          "and no results");
  Location loc = loop.getLoc();
  OpBuilder b(loop);
  Value count = getValueOrCreateConstantIndexOp(
      b, loc, loop.getMixedUpperBound().front());
  SmallVector<Value> operands = captureLeaves(loop).takeVector();
  func::FuncOp task = createTask(function, loop, operands, number);

  if (Value pool = poolOf(function)) {
    operands.push_back(pool);
    operands.push_back(
        b.create<arith::IndexCastOp>(loc, b.getI64Type(), count));
    OpBuilder atModule(task);
    auto launch = atModule.create<func::FuncOp>(
        loc, nameOf(function, "launch", number),
        b.getFunctionType(ValueRange(operands).getTypes(), {}));
    launch.setPrivate();
    launch->setAttr("mg.launch", SymbolRefAttr::get(task));
    b.create<func::CallOp>(loc, launch, operands);
  } else {
    Value zero = b.create<arith::ConstantIndexOp>(loc, 0);
    Value one = b.create<arith::ConstantIndexOp>(loc, 1);
    b.create<scf::ForOp>(loc, zero, count, one, ValueRange(),
                         [&](OpBuilder &in, Location, Value iv, ValueRange) {
                           operands.push_back(in.create<arith::IndexCastOp>(
                               loc, in.getI64Type(), iv));
                           in.create<func::CallOp>(loc, task, operands);
                           in.create<scf::YieldOp>(loc);
                         });
  }
  loop.erase();
  return success();
}

} // namespace mg::codegen
