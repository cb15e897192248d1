//===- SimplifyControl.cpp - Loops and branches without what is idle ------===//
//
// In:    mg ops that name functions as branches and bodies; no calls.
// Out:   the same, on functions of their own that have no more arguments and
//        results than something needs:
//          - a result that nothing uses is not computed; a carry or a state
//            counts as used only if a used one depends on it
//          - a carry or a state that no step changes is a constant
//          - an operand that the functions do not read is not passed
//        A branch whose condition is known, and a scan of no or one step, is
//        the function's body.
//
//          %a, %b = mg.scan @f(%w, %h, %xs)    -- %b is not used
//            =>
//          %a = mg.scan @g(%h, %xs)            -- nor does that need %w
//
// Never: touches a function that something else names: it makes new ones.
//
//===----------------------------------------------------------------------===//

#include "passes/ControlPasses.h"

#include "ir/Ops.h"

#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

using namespace mlir;
using namespace mlir::mg;

namespace mlir::mg {
#define GEN_PASS_DEF_SIMPLIFYCONTROL
#include "passes/ControlPasses.h.inc"
} // namespace mlir::mg

namespace {

/// Numbers of arguments or results, in their new order.
using Numbers = SmallVector<unsigned>;

class Simplifier {
public:
  explicit Simplifier(ModuleOp module) : symbols(module) {}

  void visit(func::FuncOp function);
  bool hasChanged() const { return changed; }

private:
  /// The op that takes the place of `op`; null where none is better, or where
  /// it became its body.
  Operation *simplified(IfOp op);
  Operation *simplified(WhileOp op);
  Operation *simplified(ScanOp op);
  Operation *simplified(Operation *op);

  func::FuncOp functionOf(FlatSymbolRefAttr name) {
    return symbols.lookup<func::FuncOp>(name.getValue());
  }
  FlatSymbolRefAttr specialize(FlatSymbolRefAttr name,
                               ArrayRef<unsigned> arguments,
                               ArrayRef<unsigned> results);
  SmallVector<Value> inlineBody(OpBuilder &builder, FlatSymbolRefAttr name,
                                ValueRange arguments);
  /// `values` take the place of the results.
  void replace(Operation *op, ValueRange values);
  /// The numbers `kept` of the results of `op` are those of `made`.
  Operation *replaceSome(Operation *op, Operation *made,
                         ArrayRef<unsigned> kept);

  SymbolTable symbols;
  DenseSet<Operation *> visited;
  bool changed = false;
};

} // namespace

//===--- what is needed
//-----------------------------------------------------===//

/// Adds the arguments of `function` on which the results `wanted` depend.
static void addNeeded(func::FuncOp function, const llvm::BitVector &wanted,
                      llvm::BitVector &arguments) {
  Operation *end = function.getBody().front().getTerminator();
  SmallVector<Value> open;
  DenseSet<Value> seen;
  for (unsigned i : wanted.set_bits())
    open.push_back(end->getOperand(i));
  while (!open.empty()) {
    Value value = open.pop_back_val();
    if (!seen.insert(value).second)
      continue;
    if (auto argument = dyn_cast<BlockArgument>(value))
      arguments.set(argument.getArgNumber());
    else
      llvm::append_range(open, value.getDefiningOp()->getOperands());
  }
}

static llvm::BitVector usedResults(Operation *op) {
  llvm::BitVector used(op->getNumResults());
  for (OpResult result : op->getResults())
    if (!result.use_empty())
      used.set(result.getResultNumber());
  return used;
}

static Numbers numbersOf(const llvm::BitVector &bits) {
  return Numbers(bits.set_bits().begin(), bits.set_bits().end());
}

static SmallVector<Value> operandsAt(Operation *op, ArrayRef<unsigned> numbers,
                                     unsigned first = 0) {
  return llvm::map_to_vector(
      numbers, [&](unsigned i) { return op->getOperand(first + i); });
}

/// Whether result i of a body is its argument, as it came.
static bool isUnchanged(func::FuncOp body, unsigned result, unsigned argument) {
  return body.getBody().front().getTerminator()->getOperand(result) ==
         body.getArgument(argument);
}

//===--- functions
//----------------------------------------------------------===//

FlatSymbolRefAttr Simplifier::specialize(FlatSymbolRefAttr name,
                                         ArrayRef<unsigned> arguments,
                                         ArrayRef<unsigned> results) {
  func::FuncOp old = functionOf(name);
  auto typesAt = [](TypeRange types, ArrayRef<unsigned> numbers) {
    return llvm::map_to_vector(numbers, [&](unsigned i) { return types[i]; });
  };
  auto made = func::FuncOp::create(
      old.getLoc(), name.getValue(),
      FunctionType::get(old.getContext(),
                        typesAt(old.getArgumentTypes(), arguments),
                        typesAt(old.getResultTypes(), results)));
  made.setPrivate();
  symbols.insert(made);
  Block *block = made.addEntryBlock();
  OpBuilder builder = OpBuilder::atBlockEnd(block);
  IRMapping map;
  for (auto [i, argument] : llvm::zip(arguments, block->getArguments()))
    map.map(old.getArgument(i), argument);
  Block &body = old.getBody().front();
  // What the results need: an op that reads a dropped argument is not.
  DenseSet<Value> needed;
  for (unsigned i : results)
    needed.insert(body.getTerminator()->getOperand(i));
  SmallVector<Operation *> ops;
  for (Operation &op : llvm::reverse(body.without_terminator()))
    if (llvm::any_of(op.getResults(),
                     [&](Value v) { return needed.contains(v); })) {
      needed.insert(op.operand_begin(), op.operand_end());
      ops.push_back(&op);
    }
  for (Operation *op : llvm::reverse(ops))
    builder.clone(*op, map);
  builder.create<func::ReturnOp>(
      old.getLoc(), llvm::map_to_vector(results, [&](unsigned i) {
        return map.lookup(body.getTerminator()->getOperand(i));
      }));
  return FlatSymbolRefAttr::get(made);
}

SmallVector<Value> Simplifier::inlineBody(OpBuilder &builder,
                                          FlatSymbolRefAttr name,
                                          ValueRange arguments) {
  func::FuncOp function = functionOf(name);
  IRMapping map;
  map.map(function.getArguments(), arguments);
  Block &body = function.getBody().front();
  for (Operation &op : body.without_terminator())
    builder.clone(op, map);
  return llvm::map_to_vector(body.getTerminator()->getOperands(),
                             [&](Value result) { return map.lookup(result); });
}

void Simplifier::replace(Operation *op, ValueRange values) {
  op->replaceAllUsesWith(values);
  op->erase();
  changed = true;
}

Operation *Simplifier::replaceSome(Operation *op, Operation *made,
                                   ArrayRef<unsigned> kept) {
  for (auto [i, result] : llvm::zip(kept, made->getResults()))
    op->getResult(i).replaceAllUsesWith(result);
  op->erase();
  changed = true;
  return made;
}

//===--- if
//-----------------------------------------------------------------===//

Operation *Simplifier::simplified(IfOp op) {
  OpBuilder builder(op);
  DenseElementsAttr condition;
  if (matchPattern(op.getOperand(0), m_Constant(&condition))) {
    const bool holds = *condition.getValues<bool>().begin();
    replace(op, inlineBody(builder,
                           holds ? op.getThenFunctionAttr()
                                 : op.getElseFunctionAttr(),
                           op.getOperands().drop_front()));
    return nullptr;
  }
  const llvm::BitVector used = usedResults(op);
  llvm::BitVector needed(op.getNumOperands() - 1);
  addNeeded(functionOf(op.getThenFunctionAttr()), used, needed);
  addNeeded(functionOf(op.getElseFunctionAttr()), used, needed);
  if (used.all() && needed.all())
    return nullptr;
  const Numbers results = numbersOf(used), arguments = numbersOf(needed);
  SmallVector<Value> operands{op.getOperand(0)};
  llvm::append_range(operands, operandsAt(op, arguments, 1));
  SmallVector<Type> types = llvm::map_to_vector(
      results, [&](unsigned i) { return op.getResult(i).getType(); });
  auto made = builder.create<IfOp>(
      op.getLoc(), types,
      specialize(op.getThenFunctionAttr(), arguments, results),
      specialize(op.getElseFunctionAttr(), arguments, results), operands);
  return replaceSome(op, made, results);
}

//===--- loops
//--------------------------------------------------------------===//

namespace {

/// What is left of a loop's operands and results, by their old numbers.
struct LoopPlan {
  Numbers consts, carries, sequences, results;

  Numbers arguments() const {
    Numbers all = consts;
    llvm::append_range(all, carries);
    llvm::append_range(all, sequences);
    return all;
  }
};

} // namespace

/// The plan for a loop whose first results are its carries, which stand after
/// `consts` constants. `extra` is needed as well. Carries that never change get
/// their uses replaced by what they begin as.
static LoopPlan planLoop(Operation *op, func::FuncOp body, unsigned consts,
                         unsigned carries, const llvm::BitVector &extra) {
  llvm::BitVector same(op->getNumOperands());
  for (unsigned i = 0; i < carries; ++i)
    if (isUnchanged(body, i, consts + i)) {
      same.set(consts + i);
      op->getResult(i).replaceAllUsesWith(op->getOperand(consts + i));
    }
  llvm::BitVector live = usedResults(op), needed(extra);
  for (bool grown = true; grown;) {
    grown = false;
    addNeeded(body, live, needed);
    for (unsigned i = 0; i < carries; ++i)
      if (needed[consts + i] && !same[consts + i] && !live[i]) {
        live.set(i);
        grown = true;
      }
  }
  LoopPlan plan;
  for (unsigned i = 0; i < op->getNumOperands(); ++i)
    if (i >= consts && i < consts + carries && live[i - consts])
      plan.carries.push_back(i);
    else if (needed[i] && (i < consts || same[i]))
      plan.consts.push_back(i);
    else if (needed[i])
      plan.sequences.push_back(i);
  plan.results = numbersOf(live);
  return plan;
}

Operation *Simplifier::simplified(WhileOp op) {
  if (op.getMaxTrips() && *op.getMaxTrips() == 0) {
    replace(op, op.getOperands().drop_front(op.getConsts()));
    return nullptr;
  }
  func::FuncOp condition = functionOf(op.getConditionAttr());
  llvm::BitVector read(op.getNumOperands());
  addNeeded(condition, llvm::BitVector(1, true), read);
  LoopPlan plan = planLoop(op, functionOf(op.getBodyAttr()), op.getConsts(),
                           op.getNumResults(), read);
  if (plan.results.empty()) {
    replace(op, op.getOperands().drop_front(op.getConsts()));
    return nullptr;
  }
  const Numbers arguments = plan.arguments();
  if (arguments.size() == op.getNumOperands() &&
      plan.consts.size() == op.getConsts())
    return nullptr;
  OpBuilder builder(op);
  SmallVector<Value> operands = operandsAt(op, arguments);
  auto made = builder.create<WhileOp>(
      op.getLoc(),
      llvm::to_vector(ValueRange(operandsAt(op, plan.carries)).getTypes()),
      specialize(op.getConditionAttr(), arguments, {0}),
      specialize(op.getBodyAttr(), arguments, plan.results), operands,
      builder.getI64IntegerAttr(plan.consts.size()), op.getMaxTripsAttr());
  return replaceSome(op, made, plan.results);
}

/// A tensor without elements.
static Value emptyOf(OpBuilder &builder, Location loc, Type type) {
  return builder.create<ConstantOp>(
      loc, cast<RankedTensorType>(type),
      DenseElementsAttr::get(cast<ShapedType>(type), ArrayRef<Attribute>()));
}

static Value reshaped(OpBuilder &builder, Value x, RankedTensorType type) {
  return builder.create<ReshapeOp>(x.getLoc(), type, x);
}

Operation *Simplifier::simplified(ScanOp op) {
  OpBuilder builder(op);
  const unsigned consts = op.getConsts(), carries = op.getCarries();
  const unsigned before = consts + carries;
  if (op.getLength() == 0) {
    SmallVector<Value> values(op.getOperands().slice(consts, carries));
    for (Type type : TypeRange(op.getResultTypes()).drop_front(carries))
      values.push_back(emptyOf(builder, op.getLoc(), type));
    replace(op, values);
    return nullptr;
  }
  if (op.getLength() == 1) {
    SmallVector<Value> values(op.getOperands());
    for (Value &sequence : MutableArrayRef(values).drop_front(before)) {
      auto type = cast<RankedTensorType>(sequence.getType());
      sequence =
          reshaped(builder, sequence, type.clone(type.getShape().drop_front()));
    }
    values = inlineBody(builder, op.getBodyAttr(), values);
    for (unsigned i = carries; i < values.size(); ++i)
      values[i] = reshaped(builder, values[i],
                           cast<RankedTensorType>(op.getResultTypes()[i]));
    replace(op, values);
    return nullptr;
  }
  LoopPlan plan = planLoop(op, functionOf(op.getBodyAttr()), consts, carries,
                           llvm::BitVector(op.getNumOperands()));
  if (plan.results.empty()) {
    op.erase();
    changed = true;
    return nullptr;
  }
  const Numbers arguments = plan.arguments();
  if (arguments.size() == op.getNumOperands() && plan.consts.size() == consts &&
      plan.results.size() == op.getNumResults())
    return nullptr;
  SmallVector<Type> types = llvm::map_to_vector(
      plan.results, [&](unsigned i) { return op.getResult(i).getType(); });
  auto made = builder.create<ScanOp>(
      op.getLoc(), types, specialize(op.getBodyAttr(), arguments, plan.results),
      operandsAt(op, arguments), builder.getI64IntegerAttr(plan.consts.size()),
      builder.getI64IntegerAttr(plan.carries.size()), op.getLengthAttr(),
      op.getReverseAttr());
  return replaceSome(op, made, plan.results);
}

//===--- the walk
//-----------------------------------------------------------===//

Operation *Simplifier::simplified(Operation *op) {
  if (auto branch = dyn_cast<IfOp>(op))
    return simplified(branch);
  if (auto loop = dyn_cast<WhileOp>(op))
    return simplified(loop);
  return simplified(cast<ScanOp>(op));
}

/// Users before what they use; and a body between two looks at its loop: what
/// it needs no more, the loop needs no more.
void Simplifier::visit(func::FuncOp function) {
  if (!visited.insert(function).second)
    return;
  Block &block = function.getBody().front();
  bool again = true;
  while (again) {
    again = false;
    SmallVector<Operation *> ops;
    for (Operation &op : llvm::reverse(block))
      if (isa<IfOp, WhileOp, ScanOp>(op))
        ops.push_back(&op);
    for (Operation *op : ops) {
      if (isOpTriviallyDead(op)) {
        op->erase();
        changed = true;
        continue;
      }
      const bool before = std::exchange(changed, false);
      Operation *made = simplified(op);
      // A body that is inlined may bring more of them.
      again |= changed && !made;
      if (Operation *left = made ? made : changed ? nullptr : op) {
        for (NamedAttribute attribute : left->getAttrs())
          if (auto name = dyn_cast<FlatSymbolRefAttr>(attribute.getValue()))
            visit(functionOf(name));
        again |= simplified(left) != nullptr;
      }
      changed |= before;
    }
  }
}

namespace {

struct SimplifyControl : mg::impl::SimplifyControlBase<SimplifyControl> {
  void runOnOperation() override {
    Simplifier simplifier(getOperation());
    SmallVector<func::FuncOp> functions(getOperation().getOps<func::FuncOp>());
    for (func::FuncOp function : functions)
      if (function.isPublic() && !function.isExternal())
        simplifier.visit(function);
    if (!simplifier.hasChanged())
      markAllAnalysesPreserved();
  }
};

} // namespace
