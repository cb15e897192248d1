//===- ScheduleKernels.cpp - kernels where they free memory ---------------===//
//
// In and out: `linalg` on tensors; only the order of ops changes. Fusion puts a
// kernel where its last member stood: an update of weights at the end of a
// step, though the gradient in it could be had long before, and what that is
// computed from waits as well.
//
// A kernel moves up to its last operand where more bytes die in it than it
// makes. Results that lie in the caller's memory are no bytes; but one that
// overwrites an argument stays behind all that read the old value, as
// bufferization would copy that otherwise.
//
//===----------------------------------------------------------------------===//
#include "codegen/Passes.h"

#include "mlir/Transforms/RegionUtils.h"

namespace mg::codegen {

#define GEN_PASS_DEF_SCHEDULEKERNELS
#include "codegen/Passes.h.inc"

using namespace mlir;

namespace {

/// Views, constants and memory without contents: they go where they are used.
bool isLight(Operation *op) {
  return isa<tensor::EmptyOp, tensor::ExtractSliceOp, tensor::ExpandShapeOp,
             tensor::CollapseShapeOp, arith::ConstantOp>(op);
}

bool isView(Operation *op) { return isLight(op) && op->getNumOperands() > 0; }

int64_t bytesOf(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type ? type.getNumElements() *
                    llvm::divideCeil(type.getElementTypeBitWidth(), 8)
              : 0;
}

/// Ops of one kernel, which stay together.
using Unit = SmallVector<linalg::LinalgOp>;

class Scheduler {
public:
  explicit Scheduler(func::FuncOp function)
      : function(function), block(&function.front()) {}

  void run() {
    SmallVector<Unit> units = collect();
    for (Unit &unit : units)
      for (linalg::LinalgOp op : unit)
        ends[op] = unit.back();
    for (Unit &unit : units)
      schedule(unit);
  }

private:
  SmallVector<Unit> collect();
  void schedule(Unit &unit);
  bool isIn(Operation *op, const Unit &unit) const {
    auto found = ends.find(op);
    return found != ends.end() && found->second == unit.back();
  }
  /// Moves `after` to the end of `op`'s kernel, if that is later.
  void wait(Operation *op, const Unit &unit);
  /// Waits for what computes `value`, and counts what dies.
  void need(Value value, const Unit &unit);
  bool diesIn(Value value, const Unit &unit);
  /// Waits for all that read `value`; false where someone does to the end.
  bool waitForReaders(Value value, const Unit &unit);
  /// False where the kernel must stay.
  bool countResult(Value result, const Unit &unit);
  void moveOperands(Operation *op, Operation *place);

  func::FuncOp function;
  Block *block;
  /// The last op of each op's kernel.
  llvm::DenseMap<Operation *, Operation *> ends;
  // Of the kernel at hand.
  Operation *after = nullptr;
  int64_t dying = 0, made = 0;
  llvm::SmallDenseSet<Value> seen;
};

SmallVector<Unit> Scheduler::collect() {
  SmallVector<Unit> units;
  Attribute open;
  for (linalg::LinalgOp op : block->getOps<linalg::LinalgOp>()) {
    Attribute kernel = op->getAttr("mg.kernel");
    if (!kernel || kernel != open)
      units.emplace_back();
    units.back().push_back(op);
    open = kernel;
  }
  return units;
}

void Scheduler::wait(Operation *op, const Unit &unit) {
  if (isIn(op, unit))
    return;
  if (Operation *end = ends.lookup(op))
    op = end;
  if (!after || after->isBeforeInBlock(op))
    after = op;
}

bool Scheduler::diesIn(Value value, const Unit &unit) {
  return llvm::all_of(value.getUsers(), [&](Operation *user) {
    user = block->findAncestorOpInBlock(*user);
    if (isView(user))
      return diesIn(user->getResult(0), unit);
    return isIn(user, unit) || user->isBeforeInBlock(unit.front());
  });
}

void Scheduler::need(Value value, const Unit &unit) {
  Operation *source = value.getDefiningOp();
  if (!source || source->getBlock() != block || isIn(source, unit) ||
      !seen.insert(value).second)
    return;
  if (isLight(source)) {
    for (Value operand : source->getOperands())
      need(operand, unit);
    return;
  }
  wait(source, unit);
  if (isa<linalg::LinalgOp>(source) && diesIn(value, unit))
    dying += bytesOf(value);
}

bool Scheduler::waitForReaders(Value value, const Unit &unit) {
  for (Operation *user : value.getUsers()) {
    user = block->findAncestorOpInBlock(*user);
    if (user->hasTrait<OpTrait::IsTerminator>())
      return false;
    if (!isView(user))
      wait(user, unit);
    else if (!waitForReaders(user->getResult(0), unit))
      return false;
  }
  return true;
}

bool Scheduler::countResult(Value result, const Unit &unit) {
  bool isReturned = false, isRead = false;
  for (OpOperand &use : result.getUses()) {
    auto end = dyn_cast<func::ReturnOp>(use.getOwner());
    isRead |= !end && !isIn(use.getOwner(), unit);
    if (!end)
      continue;
    isReturned = true;
    auto updates = function.getResultAttrOfType<IntegerAttr>(
        use.getOperandNumber(), "mg.updates");
    if (updates &&
        !waitForReaders(function.getArgument(updates.getInt()), unit))
      return false;
  }
  if (isRead && !isReturned)
    made += bytesOf(result);
  return true;
}

/// Moves the light ops that `op`, or its body, needs and that stand below.
void Scheduler::moveOperands(Operation *op, Operation *place) {
  llvm::SetVector<Value> needed;
  needed.insert(op->operand_begin(), op->operand_end());
  getUsedValuesDefinedAbove(op->getRegions(), needed);
  for (Value operand : needed) {
    Operation *source = operand.getDefiningOp();
    if (!source || source->getBlock() != block || !isLight(source) ||
        source->isBeforeInBlock(place))
      continue;
    moveOperands(source, place);
    source->moveBefore(place);
  }
}

void Scheduler::schedule(Unit &unit) {
  after = nullptr;
  dying = made = 0;
  seen.clear();
  for (linalg::LinalgOp op : unit) {
    llvm::SetVector<Value> outside;
    getUsedValuesDefinedAbove(op->getRegions(), outside);
    for (Value operand : op->getOperands())
      need(operand, unit);
    for (Value value : outside)
      need(value, unit);
    if (!outside.empty() && llvm::any_of(outside, [](Value value) {
          Operation *source = value.getDefiningOp();
          return source && !isLight(source);
        }))
      return; // a number that is computed on the way
    for (Value result : op->getResults())
      if (!countResult(result, unit))
        return;
  }
  if (!after || dying <= made || !after->isBeforeInBlock(unit.front()))
    return;
  Operation *place = after->getNextNode();
  while (place != unit.front() && isLight(place)) // it may be an operand
    place = place->getNextNode();
  if (place == unit.front())
    return;
  for (linalg::LinalgOp op : unit) {
    moveOperands(op, place);
    op->moveBefore(place);
  }
}

class ScheduleKernels : public impl::ScheduleKernelsBase<ScheduleKernels> {
  void runOnOperation() final {
    if (getOperation()->hasAttr("mg.entry"))
      Scheduler(getOperation()).run();
  }
};

} // namespace
} // namespace mg::codegen
