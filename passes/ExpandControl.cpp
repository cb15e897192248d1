//===- ExpandControl.cpp - Branches and loops get their bodies ------------===//
//
// In:    mg ops that name functions as branches and bodies; no calls.
// Out:   scf ops on mg tensors with these bodies inside, which are no functions
//        any more.
//
//          mg.scan @step(%w, %h, %xs) consts 1 carries 1 length 9
//            =>
//          %e = tensor.empty
//          scf.for %i = 0 to 9 iter_args(%c = %h, %ys = %e) {
//            %x = tensor.extract_slice %xs[%i]
//            .. the ops of @step, with %w, %c, %x ..
//            %all = tensor.insert_slice %y into %ys[%i]
//            scf.yield %next, %all }
//
//        mg.if becomes scf.if, and mg.while scf.while. That computes its
//        condition before the loop and at the end of the body, so that what it
//        carries passes through its first region unchanged; where there is a
//        limit, it counts its trips. What does not change in a loop moves out
//        of it, except what only shows or makes elements: loops do that anew
//        for nothing.
// Never: unrolls, or touches a function that no such op names.
//
//===----------------------------------------------------------------------===//

#include "passes/ControlPasses.h"

#include "ir/Ops.h"

#include "mlir/IR/IRMapping.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Transforms/LoopInvariantCodeMotionUtils.h"

using namespace mlir;
using namespace mlir::mg;

namespace mlir::mg {
#define GEN_PASS_DEF_EXPANDCONTROL
#include "passes/ControlPasses.h.inc"
} // namespace mlir::mg

namespace {

/// Expands the control ops of functions, whose bodies it finds by name.
class Expander {
public:
  explicit Expander(ModuleOp module) : symbols(module) {}

  /// Those in `block`, and those that their bodies bring.
  void expand(Block &block);

private:
  SmallVector<Value> expand(OpBuilder &builder, IfOp op);
  SmallVector<Value> expand(OpBuilder &builder, WhileOp op);
  SmallVector<Value> expand(OpBuilder &builder, ScanOp op);
  /// The ops of the function, and its results.
  SmallVector<Value> inlineBody(OpBuilder &builder, FlatSymbolRefAttr name,
                                ValueRange arguments);

  SymbolTable symbols;
};

} // namespace

SmallVector<Value> Expander::inlineBody(OpBuilder &builder,
                                        FlatSymbolRefAttr name,
                                        ValueRange arguments) {
  auto function = symbols.lookup<func::FuncOp>(name.getValue());
  IRMapping map;
  map.map(function.getArguments(), arguments);
  Block &body = function.getBody().front();
  for (Operation &op : body.without_terminator())
    builder.clone(op, map);
  return llvm::map_to_vector(
      body.getTerminator()->getOperands(),
      [&](Value result) { return map.lookupOrDefault(result); });
}

static Value scalarOf(OpBuilder &builder, Location loc, Value flag) {
  return builder.create<tensor::ExtractOp>(loc, flag, ValueRange());
}

SmallVector<Value> Expander::expand(OpBuilder &builder, IfOp op) {
  auto branch = [&](FlatSymbolRefAttr name) {
    return [&, name](OpBuilder &inside, Location loc) {
      inside.create<scf::YieldOp>(
          loc, inlineBody(inside, name, op.getOperands().drop_front()));
    };
  };
  Value condition = scalarOf(builder, op.getLoc(), op.getOperand(0));
  return builder
      .create<scf::IfOp>(op.getLoc(), condition,
                         branch(op.getThenFunctionAttr()),
                         branch(op.getElseFunctionAttr()))
      .getResults();
}

SmallVector<Value> Expander::expand(OpBuilder &builder, WhileOp op) {
  Location loc = op.getLoc();
  const unsigned consts = op.getConsts(), states = op.getNumResults();
  const std::optional<uint64_t> most = op.getMaxTrips();
  auto arguments = [&](ValueRange carried) {
    SmallVector<Value> all(op.getOperands().take_front(consts));
    llvm::append_range(all, carried.take_front(states));
    return all;
  };
  auto holds = [&](OpBuilder &at, ValueRange carried) {
    return scalarOf(
        at, loc,
        inlineBody(at, op.getConditionAttr(), arguments(carried)).front());
  };
  // The states, whether they hold the condition, and, where trips are limited,
  // their number.
  SmallVector<Value> inits(op.getOperands().drop_front(consts));
  inits.push_back(holds(builder, inits));
  if (most)
    inits.push_back(builder.create<arith::ConstantIndexOp>(loc, 0));
  auto before = [&](OpBuilder &inside, Location loc, ValueRange carried) {
    Value goesOn = carried[states];
    if (most) {
      Value last = inside.create<arith::ConstantIndexOp>(loc, *most);
      Value isAllowed = inside.create<arith::CmpIOp>(
          loc, arith::CmpIPredicate::ult, carried.back(), last);
      goesOn = inside.create<arith::AndIOp>(loc, goesOn, isAllowed);
    }
    inside.create<scf::ConditionOp>(loc, goesOn, carried);
  };
  auto after = [&](OpBuilder &inside, Location loc, ValueRange carried) {
    SmallVector<Value> next =
        inlineBody(inside, op.getBodyAttr(), arguments(carried));
    next.push_back(holds(inside, next));
    if (most) {
      Value one = inside.create<arith::ConstantIndexOp>(loc, 1);
      next.push_back(inside.create<arith::AddIOp>(loc, carried.back(), one));
    }
    inside.create<scf::YieldOp>(loc, next);
  };
  auto loop = builder.create<scf::WhileOp>(
      loc, llvm::to_vector(ValueRange(inits).getTypes()), inits, before, after);
  SmallVector<Value> results(loop.getResults());
  results.resize(states);
  return results;
}

namespace {

/// Element `index` of the first dimension of a tensor.
struct Slot {
  Slot(OpBuilder &builder, RankedTensorType whole, Value index)
      : offsets(whole.getRank(), builder.getIndexAttr(0)),
        strides(whole.getRank(), builder.getIndexAttr(1)) {
    for (int64_t size : whole.getShape())
      sizes.push_back(builder.getIndexAttr(size));
    offsets.front() = index;
    sizes.front() = builder.getIndexAttr(1);
  }
  SmallVector<OpFoldResult> offsets, sizes, strides;
};

} // namespace

static Value extractSlot(OpBuilder &builder, Location loc, Value whole,
                         Value index) {
  auto type = cast<RankedTensorType>(whole.getType());
  Slot slot(builder, type, index);
  return builder.create<tensor::ExtractSliceOp>(
      loc,
      RankedTensorType::get(type.getShape().drop_front(),
                            type.getElementType()),
      whole, slot.offsets, slot.sizes, slot.strides);
}

static Value insertSlot(OpBuilder &builder, Location loc, Value part,
                        Value whole, Value index) {
  Slot slot(builder, cast<RankedTensorType>(whole.getType()), index);
  return builder.create<tensor::InsertSliceOp>(loc, part, whole, slot.offsets,
                                               slot.sizes, slot.strides);
}

SmallVector<Value> Expander::expand(OpBuilder &builder, ScanOp op) {
  Location loc = op.getLoc();
  const unsigned consts = op.getConsts(), carries = op.getCarries();
  auto constant = [&](OpBuilder &at, int64_t value) -> Value {
    return at.create<arith::ConstantIndexOp>(loc, value);
  };
  SmallVector<Value> inits(op.getOperands().slice(consts, carries));
  for (Type type : TypeRange(op.getResultTypes()).drop_front(carries)) {
    auto stack = cast<RankedTensorType>(type);
    inits.push_back(builder.create<tensor::EmptyOp>(loc, stack.getShape(),
                                                    stack.getElementType()));
  }
  auto body = [&](OpBuilder &inside, Location loc, Value step,
                  ValueRange carried) {
    Value index = step;
    if (op.getReverse())
      index = inside.create<arith::SubIOp>(
          loc, constant(inside, op.getLength() - 1), step);
    SmallVector<Value> arguments(op.getOperands().take_front(consts));
    llvm::append_range(arguments, carried.take_front(carries));
    for (Value sequence : op.getOperands().drop_front(consts + carries))
      arguments.push_back(extractSlot(inside, loc, sequence, index));
    SmallVector<Value> next = inlineBody(inside, op.getBodyAttr(), arguments);
    for (auto [value, stack] :
         llvm::zip(MutableArrayRef(next).drop_front(carries),
                   carried.drop_front(carries)))
      value = insertSlot(inside, loc, value, stack, index);
    inside.create<scf::YieldOp>(loc, next);
  };
  return builder
      .create<scf::ForOp>(loc, constant(builder, 0),
                          constant(builder, op.getLength()),
                          constant(builder, 1), inits, body)
      .getResults();
}

/// Views and ramps are made anew in each step for nothing; memory is not.
static bool isWorthMoving(Operation *op) {
  // The check of an index must not run where its loop makes no trip.
  if (!isa<MgDialect>(op->getDialect()) || isa<View, GatherOp, ScatterOp>(op))
    return false;
  return op->getNumOperands() > 0 || op->hasTrait<OpTrait::ConstantLike>() ||
         isa<WeightOp>(op);
}

/// Moves out what does not change, the inner loops first.
static void hoist(LoopLikeOpInterface loop) {
  moveLoopInvariantCode(
      loop.getLoopRegions(),
      [&](Value value, Region *) { return loop.isDefinedOutsideOfLoop(value); },
      [](Operation *op, Region *) {
        return isWorthMoving(op) && isMemoryEffectFree(op) &&
               isSpeculatable(op);
      },
      [&](Operation *op, Region *) { loop.moveOutOfLoop(op); });
}

void Expander::expand(Block &block) {
  SmallVector<Operation *> ops;
  for (Operation &op : block)
    if (isa<IfOp, WhileOp, ScanOp>(op))
      ops.push_back(&op);
  for (Operation *op : ops) {
    OpBuilder builder(op);
    SmallVector<Value> results;
    if (auto branch = dyn_cast<IfOp>(op))
      results = expand(builder, branch);
    else if (auto loop = dyn_cast<WhileOp>(op))
      results = expand(builder, loop);
    else
      results = expand(builder, cast<ScanOp>(op));
    Operation *made = op->getPrevNode();
    op->replaceAllUsesWith(results);
    op->erase();
    for (Region &region : made->getRegions())
      for (Block &inner : region)
        expand(inner);
    if (auto loop = dyn_cast<LoopLikeOpInterface>(made))
      hoist(loop);
  }
  // The condition of a while stands before it now, with loops of its own.
  if (!ops.empty())
    expand(block);
}

/// The functions that control ops of the module name.
static DenseSet<Operation *> bodiesIn(ModuleOp module) {
  SymbolTable symbols(module);
  DenseSet<Operation *> bodies;
  module.walk([&](Operation *op) {
    if (isa<IfOp, WhileOp, ScanOp>(op))
      for (NamedAttribute attribute : op->getAttrs())
        if (auto name = dyn_cast<FlatSymbolRefAttr>(attribute.getValue()))
          bodies.insert(symbols.lookup(name.getValue()));
  });
  return bodies;
}

namespace {

struct ExpandControl : mg::impl::ExpandControlBase<ExpandControl> {
  void runOnOperation() override {
    DenseSet<Operation *> bodies = bodiesIn(getOperation());
    Expander expander(getOperation());
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (!function.isExternal() && !bodies.contains(function))
        expander.expand(function.getBody().front());
    for (auto function :
         llvm::make_early_inc_range(getOperation().getOps<func::FuncOp>()))
      if (function.isPrivate() && bodies.contains(function))
        function.erase();
  }
};

} // namespace
