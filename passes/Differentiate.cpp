//===- Differentiate.cpp - Transformations become what they compute -------===//
//
// In:    functions with mg.vjp, mg.jvp, mg.vmap ops, nested to any depth.
// Out:   the same functions without them, with ordinary ops in their place; no
//        stop_gradient, no name.
//
//          %y, %dx = mg.vjp @exp(%x, %ct) of [0] wrt [0]
//            =>
//          %y = mg.exp %x
//          %dx = mg.mul %ct, %y
//
// Never: asks which op it meets; see FunctionRules.h for the walk, and the
//        ops' interfaces for the rules.
//
//===----------------------------------------------------------------------===//

#include "passes/ExpandedSize.h"
#include "passes/FunctionRules.h"
#include "passes/Passes.h"

using namespace mlir;
using namespace mlir::mg;

namespace mlir::mg {
#define GEN_PASS_DEF_DIFFERENTIATE
#include "passes/Passes.h.inc"
} // namespace mlir::mg

FailureOr<SmallVector<Value>> FunctionRules::expanded(VjpOp op,
                                                      RuleBuilder &r) {
  FailureOr<func::FuncOp> function = lookup(op, op.getCalleeAttr());
  if (failed(function))
    return failure();
  const unsigned arguments = function->getNumArguments();
  SmallVector<bool> active(arguments, false);
  for (int64_t i : op.getWrt())
    active[i] = true;
  FailureOr<Reverse> out =
      reverse(r, *function, op.getOperands().take_front(arguments), active,
              /*emitted=*/nullptr);
  if (failed(out))
    return failure();
  SmallVector<Value> cotangents(out->results.size()), gradients(arguments);
  for (auto [i, cotangent] :
       llvm::zip(op.getOf(), op.getOperands().drop_front(arguments)))
    cotangents[i] = cotangent;
  if (failed(out->pull(r, cotangents, gradients)))
    return failure();
  SmallVector<Value> results = out->results;
  for (int64_t i : op.getWrt())
    results.push_back(
        r.materialize(gradients[i], function->getArgumentTypes()[i]));
  return results;
}

FailureOr<SmallVector<Value>> FunctionRules::expanded(JvpOp op,
                                                      RuleBuilder &r) {
  FailureOr<func::FuncOp> function = lookup(op, op.getCalleeAttr());
  if (failed(function))
    return failure();
  const unsigned arguments = function->getNumArguments();
  SmallVector<Value> tangents(arguments);
  for (auto [i, tangent] :
       llvm::zip(op.getWrt(), op.getOperands().drop_front(arguments)))
    tangents[i] = tangent;
  FailureOr<Forward> out =
      forward(r, *function, op.getOperands().take_front(arguments), tangents);
  if (failed(out))
    return failure();
  return withTangents(r, *out);
}

/// x with dimension `from` at `to`.
static Value moveDim(RuleBuilder &r, Value x, int64_t from, int64_t to) {
  if (from == to)
    return x;
  SmallVector<int64_t> perm =
      llvm::to_vector(llvm::seq<int64_t>(0, shape(x).size()));
  perm.erase(perm.begin() + from);
  perm.insert(perm.begin() + to, from);
  return r.transpose(x, perm);
}

FailureOr<SmallVector<Value>> FunctionRules::expanded(VmapOp op,
                                                      RuleBuilder &r) {
  FailureOr<func::FuncOp> function = lookup(op, op.getCalleeAttr());
  if (failed(function))
    return failure();
  RuleBuilder each(r.getBuilder(), r.getLoc(), *this, op.getSize());
  SmallVector<Mapped> operands;
  for (auto [operand, axis] : llvm::zip(op.getOperands(), op.getIn()))
    operands.push_back(axis < 0 ? Mapped{operand, false}
                                : Mapped{moveDim(r, operand, axis, 0), true});
  auto out = batch(each, *function, operands);
  if (failed(out))
    return failure();
  SmallVector<Value> results;
  for (auto [i, result, axis] : llvm::enumerate(*out, op.getOut())) {
    if (axis < 0 && result.isMapped)
      return op.emitError("vmap: result ")
             << i << " has no axis, and depends on a mapped argument";
    results.push_back(axis < 0 ? result.value
                               : moveDim(each, each.mapped(result), 0, axis));
  }
  return results;
}

LogicalResult FunctionRules::expandOp(Operation *op) {
  OpBuilder builder(op);
  RuleBuilder r(builder, op->getLoc(), *this);
  FailureOr<SmallVector<Value>> results;
  if (auto vjp = dyn_cast<VjpOp>(op))
    results = expanded(vjp, r);
  else if (auto jvp = dyn_cast<JvpOp>(op))
    results = expanded(jvp, r);
  else
    results = expanded(cast<VmapOp>(op), r);
  if (failed(results))
    return failure();
  op->replaceAllUsesWith(*results);
  op->erase();
  return success();
}

LogicalResult FunctionRules::expand(func::FuncOp function) {
  if (states.lookup(function) == State::Done)
    return success();
  states[function] = State::Open;
  // What reaches itself would be emitted for ever.
  for (Operation &op : function.getBody().front())
    if (isa<MgDialect>(op.getDialect()))
      for (NamedAttribute attribute : op.getAttrs())
        if (auto name = dyn_cast<SymbolRefAttr>(attribute.getValue());
            name && failed(lookup(&op, name)))
          return failure();
  SmallVector<Operation *> transformations;
  for (Operation &op : function.getBody().front())
    if (isa<VjpOp, JvpOp, VmapOp>(op))
      transformations.push_back(&op);
  for (Operation *op : transformations)
    if (failed(expandOp(op)))
      return failure();
  eraseDead(function);
  states[function] = State::Done;
  return success();
}

namespace {

struct Differentiate : mg::impl::DifferentiateBase<Differentiate> {
  void runOnOperation() override {
    if (failed(checkExpandedSize(getOperation())))
      return signalPassFailure();
    FunctionRules rules(getOperation());
    SmallVector<func::FuncOp> functions(getOperation().getOps<func::FuncOp>());
    for (func::FuncOp function : functions)
      if (!function.isExternal() && failed(rules.expand(function)))
        return signalPassFailure();
    getOperation().walk([](Operation *op) {
      if (!isa<StopGradientOp, NameOp>(op))
        return;
      op->replaceAllUsesWith(op->getOperands());
      op->erase();
    });
    eraseUnused();
  }

private:
  /// Private functions that nothing names any more, and then those that only
  /// they named.
  void eraseUnused() {
    bool changed = true;
    while (changed) {
      changed = false;
      SymbolTableCollection tables;
      SymbolUserMap users(tables, getOperation());
      for (auto function :
           llvm::make_early_inc_range(getOperation().getOps<func::FuncOp>()))
        if (function.isPrivate() && !function.isExternal() &&
            users.useEmpty(function)) {
          function.erase();
          changed = true;
        }
    }
  }
};

} // namespace
