//===- SplitReverse.cpp - the reverse of a function as two functions ------===//
//
// The reverse is emitted into one function first, the way there and the way
// back; then it is cut. See FunctionRules.h.
//
//===----------------------------------------------------------------------===//
#include "passes/FunctionRules.h"

#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace mlir::mg;

namespace {

/// A function with the whole reverse, about to be cut.
class Cut {
public:
  Cut(func::FuncOp whole, unsigned primalArguments, unsigned primalResults,
      DenseSet<Operation *> forwardOps)
      : whole(whole), primalArguments(primalArguments),
        primalResults(primalResults), forwardOps(std::move(forwardOps)) {
    chooseResiduals();
  }

  SplitReverse apply(FunctionTransforms &functions, StringRef name);

private:
  Operation *end() { return whole.getBody().front().getTerminator(); }
  bool isForward(Operation *op) const { return forwardOps.contains(op); }
  /// A value that the way back gets from the way there.
  bool crosses(Value value) const;
  void chooseResiduals();
  bool isComputable(Operation *op) const;
  SmallVector<Value> emitForward(RuleBuilder &r, ValueRange arguments);
  SmallVector<Value> emitBackward(RuleBuilder &r, ValueRange arguments);

  func::FuncOp whole;
  unsigned primalArguments, primalResults;
  DenseSet<Operation *> forwardOps;
  /// In order of definition.
  SetVector<Value> residuals;
  /// Ops of the way there that are computed again, in order.
  SmallVector<Operation *> again;
};

} // namespace

bool Cut::crosses(Value value) const {
  if (Operation *op = value.getDefiningOp())
    return isForward(op);
  return cast<BlockArgument>(value).getArgNumber() < primalArguments;
}

/// Cheap, and its operands are there anyway.
bool Cut::isComputable(Operation *op) const {
  const bool isCheap = isa<View, Elementwise>(op) || op->getNumOperands() == 0;
  return isCheap && op->getNumResults() == 1 &&
         llvm::all_of(op->getOperands(),
                      [&](Value v) { return residuals.contains(v); });
}

void Cut::chooseResiduals() {
  DenseSet<Value> needed;
  auto need = [&](ValueRange values) {
    for (Value value : values)
      if (crosses(value))
        needed.insert(value);
  };
  Block &body = whole.getBody().front();
  for (Operation &op : body.without_terminator())
    if (!isForward(&op))
      need(op.getOperands());
  need(end()->getOperands().drop_front(primalResults));
  // What a view shows is kept instead, unless the view is the smaller one.
  auto isWide = [](Operation &op) {
    return isa<View>(op) && tensorType(op.getResult(0)).getNumElements() >=
                                tensorType(op.getOperand(0)).getNumElements();
  };
  for (Operation &op : llvm::reverse(body.without_terminator()))
    if (isForward(&op) && isWide(op) && needed.contains(op.getResult(0)))
      need(op.getOperand(0));
  for (Value argument : body.getArguments())
    if (needed.contains(argument))
      residuals.insert(argument);
  for (Operation &op : body.without_terminator()) {
    const bool isNeeded = llvm::any_of(
        op.getResults(), [&](Value v) { return needed.contains(v); });
    if (!isForward(&op) || !isNeeded)
      continue;
    if (isComputable(&op))
      again.push_back(&op);
    for (Value result : op.getResults())
      if (needed.contains(result))
        residuals.insert(result);
  }
  // `isComputable` counted what is computed again as there.
  for (Operation *op : again)
    residuals.remove(op->getResult(0));
}

SmallVector<Value> Cut::emitForward(RuleBuilder &r, ValueRange arguments) {
  IRMapping map;
  map.map(ValueRange(whole.getArguments()).take_front(primalArguments),
          arguments);
  for (Operation &op : whole.getBody().front().without_terminator())
    if (isForward(&op))
      r.getBuilder().clone(op, map);
  SmallVector<Value> results;
  for (Value value : end()->getOperands().take_front(primalResults))
    results.push_back(map.lookup(value));
  for (Value value : residuals)
    results.push_back(map.lookup(value));
  return results;
}

SmallVector<Value> Cut::emitBackward(RuleBuilder &r, ValueRange arguments) {
  IRMapping map;
  for (auto [residual, argument] : llvm::zip(residuals, arguments))
    map.map(residual, argument);
  map.map(ValueRange(whole.getArguments()).drop_front(primalArguments),
          arguments.drop_front(residuals.size()));
  for (Operation *op : again)
    r.getBuilder().clone(*op, map);
  for (Operation &op : whole.getBody().front().without_terminator())
    if (!isForward(&op))
      r.getBuilder().clone(op, map);
  return llvm::map_to_vector(end()->getOperands().drop_front(primalResults),
                             [&](Value value) { return map.lookup(value); });
}

SplitReverse Cut::apply(FunctionTransforms &functions, StringRef name) {
  SplitReverse split;
  SmallVector<Type> backward;
  for (Value value : residuals) {
    split.residuals.push_back(value.getType());
    auto argument = dyn_cast<BlockArgument>(value);
    split.residualArgument.push_back(
        argument ? static_cast<int64_t>(argument.getArgNumber()) : -1);
  }
  backward = split.residuals;
  TypeRange arguments = whole.getArgumentTypes();
  llvm::append_range(backward, arguments.drop_front(primalArguments));
  split.forward = functions.create(
      (name + ".there").str(), whole.getLoc(),
      arguments.take_front(primalArguments),
      [&](RuleBuilder &r, ValueRange v) { return emitForward(r, v); });
  split.backward = functions.create(
      (name + ".back").str(), whole.getLoc(), backward,
      [&](RuleBuilder &r, ValueRange v) { return emitBackward(r, v); });
  return split;
}

FailureOr<SplitReverse> FunctionRules::split(func::FuncOp function,
                                             ArrayRef<bool> active) {
  Key key{function, std::vector<bool>(active.begin(), active.end())};
  if (auto known = splits.find(key); known != splits.end())
    return known->second;
  SmallVector<Type> arguments(function.getArgumentTypes());
  for (Type type : function.getResultTypes())
    if (isDifferentiable(type))
      arguments.push_back(type);
  DenseSet<Operation *> forwardOps;
  auto whole = tryCreate(
      (function.getName() + ".vjp").str(), function.getLoc(), arguments, 0,
      [&](RuleBuilder &r, ValueRange values) -> FailureOr<SmallVector<Value>> {
        FailureOr<Reverse> out = reverse(
            r, function, values.take_front(active.size()), active, nullptr);
        if (failed(out))
          return failure();
        for (Operation &op : *r.getBuilder().getBlock())
          forwardOps.insert(&op);
        size_t next = active.size();
        SmallVector<Value> cotangents, gradients(active.size());
        for (Type type : function.getResultTypes())
          cotangents.push_back(isDifferentiable(type) ? values[next++]
                                                      : Value());
        if (failed(out->pull(r, cotangents, gradients)))
          return failure();
        SmallVector<Value> results = out->results;
        for (auto [type, isActive, gradient] :
             llvm::zip(function.getArgumentTypes(), active, gradients))
          if (isActive)
            results.push_back(r.materialize(gradient, type));
        return results;
      });
  if (failed(whole))
    return failure();
  Cut cut(*whole, active.size(), function.getNumResults(),
          std::move(forwardOps));
  SplitReverse made = cut.apply(*this, function.getName());
  symbols.erase(*whole);
  splits[key] = made;
  return made;
}
