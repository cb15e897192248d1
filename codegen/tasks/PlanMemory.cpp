//===- PlanMemory.cpp - allocations to places in the workspace ------------===//
//
// First the life of every allocation is read off the function's text: an op's
// moment is its number in a walk, a loop's the interval of all ops inside. A
// buffer that is used inside a loop it was not made in is needed until the loop
// ends. Names of the same memory (views, casts, results of `scf.if` and
// `scf.for`) are followed. Then MemoryPlan.h places all, then one rewrite puts
// views of the workspace where the allocations were.
//
// Private functions come first: what one needs becomes its last argument, and
// each of its callers allocates that around the call. So the plan of an entry
// covers its kernels.
//
//===----------------------------------------------------------------------===//
#include "codegen/Passes.h"
#include "codegen/tasks/MemoryPlan.h"
#include "codegen/tasks/ThreadShares.h"

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Builders.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "llvm/Support/CheckedArithmetic.h"

namespace mg::codegen {

#define GEN_PASS_DEF_PLANMEMORY
#include "codegen/Passes.h.inc"

using namespace mlir;

namespace {

constexpr int64_t alignment = 64;

/// One allocation. Inside an `scf.forall` it has a copy per iteration.
struct Allocation {
  memref::AllocOp op;
  /// Rounded bytes of one copy, and the loops that have copies, from inside to
  /// outside.
  int64_t bytes = 0;
  SmallVector<scf::ForallOp> loops;
  BufferLife life;
};

/// From the first moment to the last.
struct Span {
  uint64_t begin = 0, end = 0;
};

/// The moments of a function: an op lasts from its own number to that of the
/// last op inside it.
class Moments {
public:
  explicit Moments(func::FuncOp function) {
    uint64_t next = 0;
    function.walk([&](Operation *op, const WalkStage &stage) {
      if (stage.isBeforeAllRegions())
        spans[op].begin = next++;
      if (stage.isAfterAllRegions())
        spans[op].end = next - 1;
    });
  }
  Span of(Operation *op) const { return spans.lookup(op); }

private:
  DenseMap<Operation *, Span> spans;
};

/// What a terminator passes on.
void appendYielded(OpOperand &use, SmallVectorImpl<Value> &aliases) {
  Operation *parent = use.getOwner()->getParentOp();
  const unsigned i = use.getOperandNumber();
  if (auto loop = dyn_cast<scf::ForOp>(parent)) {
    aliases.push_back(loop.getRegionIterArg(i));
    aliases.push_back(loop.getResult(i));
  } else if (auto branch = dyn_cast<scf::IfOp>(parent)) {
    aliases.push_back(branch.getResult(i));
  } else if (auto loop = dyn_cast<scf::WhileOp>(parent)) {
    if (isa<scf::YieldOp>(use.getOwner())) {
      aliases.push_back(loop.getBeforeArguments()[i]);
    } else if (i > 0) { // after the condition itself
      aliases.push_back(loop.getAfterArguments()[i - 1]);
      aliases.push_back(loop.getResult(i - 1));
    }
  }
}

/// Adds the values that name the memory of `use`'s value after its owner. Of an
/// address (no memref any more) that is all that is computed from it, but not
/// what a call of the runtime answers.
void appendAliases(OpOperand &use, SmallVectorImpl<Value> &aliases) {
  Operation *user = use.getOwner();
  if (!isa<MemRefType>(use.get().getType())) {
    // A table of addresses is used as long as they are.
    if (auto store = dyn_cast<memref::StoreOp>(user))
      aliases.push_back(store.getMemRef());
    if (!isa<func::CallOp>(user))
      llvm::append_range(aliases, user->getResults());
  } else if (isa<ViewLikeOpInterface, arith::SelectOp, memref::CastOp,
                 memref::ExtractAlignedPointerAsIndexOp>(user))
    aliases.push_back(user->getResult(0));
  else if (isa<scf::YieldOp, scf::ConditionOp>(user))
    appendYielded(use, aliases);
  else if (auto loop = dyn_cast<scf::ForOp>(user)) {
    if (OpResult result = loop.getTiedLoopResult(&use)) {
      aliases.push_back(result);
      aliases.push_back(loop.getTiedLoopRegionIterArg(&use));
    }
  } else if (auto loop = dyn_cast<scf::WhileOp>(user)) {
    aliases.push_back(loop.getBeforeArguments()[use.getOperandNumber()]);
  }
}

/// Whether `use` gives the memory of `op` to a later iteration, or to something
/// that this pass does not know: one place would not do.
bool escapes(OpOperand &use, memref::AllocOp op) {
  Operation *user = use.getOwner();
  if (!user->hasTrait<OpTrait::IsTerminator>())
    return false;
  Operation *parent = user->getParentOp();
  const bool isLoop = isa<scf::ForOp, scf::WhileOp>(parent);
  return isLoop ? parent->isProperAncestor(op) : !isa<scf::IfOp>(parent);
}

/// When the memory made by `op` is used; fails where it escapes.
FailureOr<Span> lifeOf(memref::AllocOp op, const Moments &moments) {
  Span life{UINT64_MAX, moments.of(op).end};
  SmallVector<Value> aliases = {op.getResult()};
  llvm::SmallDenseSet<Value> seen;
  while (!aliases.empty()) {
    Value value = aliases.pop_back_val();
    if (!seen.insert(value).second)
      continue;
    Block *home = value.getParentBlock();
    for (OpOperand &use : value.getUses()) {
      if (escapes(use, op))
        return failure();
      // What a loop reads it reads from its begin to its end.
      const Span span =
          moments.of(home->findAncestorOpInBlock(*use.getOwner()));
      life.begin = std::min(life.begin, span.begin);
      life.end = std::max(life.end, span.end);
      appendAliases(use, aliases);
    }
  }
  life.begin = std::min(life.begin, life.end);
  return life;
}

/// The number of the iteration that runs `allocation`, over all its loops.
Value iterationNumber(OpBuilder &b, const Allocation &allocation) {
  const Location loc = allocation.op->getLoc();
  Value number = b.create<arith::ConstantIndexOp>(loc, 0);
  for (scf::ForallOp loop : llvm::reverse(allocation.loops)) {
    SmallVector<int64_t> sizes(loop.getStaticUpperBound());
    if (sizes.size() == 1)
      sizes = {mostTrips(loop).value()};
    for (auto [iv, size] : llvm::zip_equal(loop.getInductionVars(), sizes)) {
      Value count = b.create<arith::ConstantIndexOp>(loc, size);
      number = b.create<arith::MulIOp>(loc, number, count);
      number = b.create<arith::AddIOp>(loc, number, iv);
    }
  }
  return number;
}

/// The address of a view of the workspace is the workspace's plus the shift.
/// (Upstream's `expand-strided-metadata` forgets the shift of a `memref.view`.)
void addShift(memref::ExtractAlignedPointerAsIndexOp op) {
  Value memory = op.getSource();
  while (auto view = memory.getDefiningOp<ViewLikeOpInterface>()) {
    memory = view.getViewSource();
    auto shifted = dyn_cast<memref::ViewOp>(view.getOperation());
    if (!shifted)
      continue;
    OpBuilder b(op);
    Value base =
        b.create<memref::ExtractAlignedPointerAsIndexOp>(op.getLoc(), memory);
    op.replaceAllUsesWith(
        b.create<arith::AddIOp>(op.getLoc(), base, shifted.getByteShift())
            .getResult());
    op.erase();
    return;
  }
}

/// What `mgc inspect` shows of the plan.
ArrayAttr describe(ArrayRef<Allocation> allocations, const MemoryPlan &plan,
                   Builder b) {
  SmallVector<Attribute> notes;
  for (auto [allocation, offset] : llvm::zip(allocations, plan.offsets)) {
    const auto note = [&](StringRef name, uint64_t number) {
      return b.getNamedAttr(name, b.getI64IntegerAttr(int64_t(number)));
    };
    const BufferLife &life = allocation.life;
    notes.push_back(
        b.getDictionaryAttr({note("offset", offset), note("bytes", life.bytes),
                             note("begin", life.begin), note("end", life.end),
                             b.getNamedAttr("loc", allocation.op->getLoc())}));
  }
  return b.getArrayAttr(notes);
}

class Planner {
public:
  explicit Planner(func::FuncOp function)
      : function(function), moments(function) {}
  LogicalResult run();

private:
  LogicalResult collect(memref::AllocOp op);
  void rewrite(Allocation &allocation, uint64_t offset, Value workspace);
  BlockArgument findWorkspace();
  BlockArgument addWorkspace();
  void setSize(BlockArgument workspace, uint64_t bytes);
  void hoistStack();

  func::FuncOp function;
  Moments moments;
  std::vector<Allocation> allocations;
};

LogicalResult Planner::collect(memref::AllocOp op) {
  const MemRefType type = op.getType();
  if (!type.hasStaticShape() || !type.getLayout().isIdentity())
    return op.emitError("internal: an allocation of unknown size");
  Allocation result;
  result.op = op;
  std::optional<int64_t> bytes =
      llvm::divideCeil(type.getElementTypeBitWidth(), 8);
  for (int64_t size : type.getShape())
    if (bytes)
      bytes = llvm::checkedMul<int64_t>(*bytes, size);
  if (bytes)
    bytes = llvm::checkedAdd<int64_t>(*bytes, alignment - 1);
  result.bytes = bytes.value_or(0) / alignment * alignment;
  bytes = bytes ? result.bytes : bytes;
  Operation *outermost = op;
  for (auto loop = op->getParentOfType<scf::ForallOp>(); loop;
       loop = loop->getParentOfType<scf::ForallOp>()) {
    const std::optional<int64_t> count = mostTrips(loop);
    if (!count)
      return op.emitError("internal: an allocation in a loop of unknown trips");
    result.loops.push_back(loop);
    bytes = bytes ? llvm::checkedMul<int64_t>(*bytes, *count) : bytes;
    outermost = loop;
  }
  if (!bytes)
    return op.emitError("a temporary array is too large");
  const FailureOr<Span> life = lifeOf(op, moments);
  if (failed(life))
    return op.emitError("internal: an allocation leaves its loop");
  result.life = {static_cast<uint64_t>(*bytes), life->begin, life->end};
  if (outermost != op)
    result.life = {static_cast<uint64_t>(*bytes), moments.of(outermost).begin,
                   moments.of(outermost).end};
  allocations.push_back(std::move(result));
  return success();
}

/// A view at `offset`; inside `scf.forall` at the copy of the iteration.
void Planner::rewrite(Allocation &allocation, uint64_t offset,
                      Value workspace) {
  OpBuilder b(allocation.op);
  const Location loc = allocation.op.getLoc();
  Value shift = b.create<arith::ConstantIndexOp>(loc, offset);
  if (!allocation.loops.empty()) {
    Value bytes = b.create<arith::ConstantIndexOp>(loc, allocation.bytes);
    shift = b.create<arith::AddIOp>(
        loc, shift,
        b.create<arith::MulIOp>(loc, iterationNumber(b, allocation), bytes));
  }
  Value view = b.create<memref::ViewOp>(loc, allocation.op.getType(), workspace,
                                        shift, ValueRange());
  allocation.op.replaceAllUsesWith(view);
  allocation.op.erase();
}

BlockArgument Planner::findWorkspace() {
  for (unsigned i = 0; i < function.getNumArguments(); ++i)
    if (function.getArgAttr(i, "mg.workspace"))
      return function.getArgument(i);
  return nullptr;
}

BlockArgument Planner::addWorkspace() {
  Builder b(function.getContext());
  const unsigned number = function.getNumArguments();
  NamedAttrList attrs;
  attrs.set("mg.workspace", b.getUnitAttr());
  attrs.set("llvm.noalias", b.getUnitAttr());
  attrs.set("llvm.align", b.getI64IntegerAttr(alignment));
  function.insertArgument(number, MemRefType::get({0}, b.getI8Type()),
                          attrs.getDictionary(b.getContext()),
                          function.getLoc());
  return function.getArgument(number);
}

void Planner::setSize(BlockArgument workspace, uint64_t bytes) {
  Builder b(function.getContext());
  workspace.setType(
      MemRefType::get({static_cast<int64_t>(bytes)}, b.getI8Type()));
  SmallVector<Type> inputs(function.getArgumentTypes());
  inputs[workspace.getArgNumber()] = workspace.getType();
  function.setType(b.getFunctionType(inputs, function.getResultTypes()));
  function->setAttr("mg.workspace_bytes", b.getI64IntegerAttr(bytes));
}

/// Inside a task each iteration has its own stack frame; elsewhere an alloca in
/// a loop would take new stack in every iteration.
void Planner::hoistStack() {
  function.walk([&](memref::AllocaOp op) {
    if (op.getDynamicSizes().empty()) {
      auto task = op->getParentOfType<scf::ForallOp>();
      op->moveBefore(task ? &task.getBody()->front()
                          : &function.front().front());
    }
  });
}

LogicalResult Planner::run() {
  hoistStack();
  bool failedAny = false;
  function.walk([&](memref::AllocOp op) { failedAny |= failed(collect(op)); });
  function.walk([](memref::DeallocOp op) { op.erase(); });
  if (failedAny)
    return failure();
  BlockArgument workspace = findWorkspace();
  if (!workspace && allocations.empty())
    return success();
  if (!workspace && function.isPublic())
    return function.emitError("internal: allocations, but no workspace");
  if (!workspace)
    workspace = addWorkspace();

  SmallVector<BufferLife> lives;
  uint64_t sum = 0;
  for (const Allocation &allocation : allocations) {
    lives.push_back(allocation.life);
    sum = llvm::SaturatingAdd(sum, allocation.life.bytes);
  }
  if (sum > uint64_t(INT64_MAX))
    return function.emitError("the temporary arrays are too large");
  const MemoryPlan plan = planMemory(lives, alignment);
  setSize(workspace, plan.bytes);
  if (!allocations.empty())
    function->setAttr("mg.arena",
                      describe(allocations, plan, Builder(function)));
  for (auto [allocation, offset] : llvm::zip(allocations, plan.offsets))
    rewrite(allocation, offset, workspace);
  function.walk(addShift);
  return success();
}

/// Calls of private functions with a workspace bring it along.
void passWorkspace(func::FuncOp callee, func::CallOp call) {
  OpBuilder b(call);
  Value memory = b.create<memref::AllocOp>(
      call.getLoc(), cast<MemRefType>(callee.getArgumentTypes().back()));
  call.getOperandsMutable().append(memory);
}

class PlanMemory : public impl::PlanMemoryBase<PlanMemory> {
  void runOnOperation() final {
    llvm::StringMap<func::FuncOp> callees;
    SmallVector<func::FuncOp> callers;
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      if (function.isExternal())
        continue;
      if (function.isPublic()) {
        callers.push_back(function);
        continue;
      }
      if (failed(Planner(function).run()))
        return signalPassFailure();
      if (function->hasAttr("mg.workspace_bytes"))
        callees[function.getName()] = function;
    }
    for (func::FuncOp function : callers) {
      function.walk([&](func::CallOp call) {
        if (func::FuncOp callee = callees.lookup(call.getCallee()))
          passWorkspace(callee, call);
      });
      if (failed(Planner(function).run()))
        return signalPassFailure();
    }
  }
};

} // namespace
} // namespace mg::codegen
