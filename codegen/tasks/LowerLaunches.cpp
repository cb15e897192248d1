//===- LowerLaunches.cpp - bodies for launches ----------------------------===//
//
// In: the LLVM dialect, with declarations that carry `mg.launch = @task`. Out:
// each has a body that calls the runtime,
//
//   launch(a, b, pool, n): ctx = {a, b}; mg_parallel_for(pool, thunk, &ctx, n)
//   thunk(ctx, i):         task(ctx->a, ctx->b, i)
//
// Nothing else is touched. This waits for the LLVM dialect because only there a
// buffer is a pointer that fits into a struct.
//
//===----------------------------------------------------------------------===//
#include "codegen/Passes.h"

namespace mg::codegen {
#define GEN_PASS_DEF_LOWERLAUNCHES
#include "codegen/Passes.h.inc"
} // namespace mg::codegen

using namespace mlir;
using namespace mlir::LLVM;

namespace mg::codegen {

static Value fieldOf(OpBuilder &b, Location loc, Type context, Value pointer,
                     unsigned i) {
  return b.create<GEPOp>(loc, pointer.getType(), context, pointer,
                         ArrayRef<GEPArg>{0, int32_t(i)});
}

/// `void mg_parallel_for(mg_pool *, mg_task, void *context, int64_t count)`.
static LLVMFuncOp parallelFor(ModuleOp module) {
  if (auto known = module.lookupSymbol<LLVMFuncOp>("mg_parallel_for"))
    return known;
  auto b = OpBuilder::atBlockBegin(module.getBody());
  auto pointer = LLVMPointerType::get(b.getContext());
  auto type =
      LLVMFunctionType::get(LLVMVoidType::get(b.getContext()),
                            {pointer, pointer, pointer, b.getI64Type()});
  return b.create<LLVMFuncOp>(module.getLoc(), "mg_parallel_for", type);
}

/// void thunk(void *context, int64_t i): the task with its captured values.
static LLVMFuncOp createThunk(LLVMFuncOp task, LLVMStructType context) {
  Location loc = task.getLoc();
  OpBuilder b(task);
  auto pointer = LLVMPointerType::get(b.getContext());
  auto type = LLVMFunctionType::get(LLVMVoidType::get(b.getContext()),
                                    {pointer, b.getI64Type()});
  auto thunk = b.create<LLVMFuncOp>(loc, (task.getName() + "_thunk").str(),
                                    type, Linkage::Internal);
  Block *body = thunk.addEntryBlock(b);
  b.setInsertionPointToStart(body);
  SmallVector<Value> operands;
  for (auto [i, field] : llvm::enumerate(context.getBody()))
    operands.push_back(b.create<LoadOp>(
        loc, field, fieldOf(b, loc, context, body->getArgument(0), i)));
  operands.push_back(body->getArgument(1));
  b.create<CallOp>(loc, task, operands);
  b.create<ReturnOp>(loc, ValueRange());
  return thunk;
}

static void createLaunch(LLVMFuncOp launch, LLVMFuncOp task) {
  Location loc = launch.getLoc();
  OpBuilder b(launch);
  ArrayRef<Type> captured = launch.getArgumentTypes().drop_back(2);
  auto context = LLVMStructType::getLiteral(b.getContext(), captured);
  LLVMFuncOp thunk = createThunk(task, context);

  launch.setLinkage(Linkage::Internal);
  Block *body = launch.addEntryBlock(b);
  b.setInsertionPointToStart(body);
  auto pointer = LLVMPointerType::get(b.getContext());
  Value one = b.create<ConstantOp>(loc, b.getI64Type(), 1);
  Value fields = b.create<AllocaOp>(loc, pointer, context, one);
  for (unsigned i = 0; i < captured.size(); ++i)
    b.create<StoreOp>(loc, body->getArgument(i),
                      fieldOf(b, loc, context, fields, i));
  Value address = b.create<AddressOfOp>(loc, thunk);
  Value pool = body->getArgument(captured.size());
  Value count = body->getArgument(captured.size() + 1);
  b.create<CallOp>(loc, parallelFor(launch->getParentOfType<ModuleOp>()),
                   ValueRange{pool, address, fields, count});
  b.create<ReturnOp>(loc, ValueRange());
}

namespace {
struct LowerLaunches : public impl::LowerLaunchesBase<LowerLaunches> {
  using LowerLaunchesBase::LowerLaunchesBase;

  void runOnOperation() override {
    SmallVector<LLVMFuncOp> functions(getOperation().getOps<LLVMFuncOp>());
    for (LLVMFuncOp launch : functions) {
      auto name = launch->getAttrOfType<FlatSymbolRefAttr>("mg.launch");
      if (!name)
        continue;
      auto task = getOperation().lookupSymbol<LLVMFuncOp>(name.getValue());
      if (!task) {
        launch.emitError("internal: no task ") << name;
        return signalPassFailure();
      }
      createLaunch(launch, task);
      launch->removeAttr("mg.launch");
    }
  }
};
} // namespace

} // namespace mg::codegen
