//===- CallRules.cpp - rules of calls, composites and checkpoints ---------===//
//
// A call is differentiated, and mapped, by emitting its callee's body. A
// composite with a rule keeps it in reverse mode; a checkpoint emits its body
// once before the cotangents and once after them.
//
//===----------------------------------------------------------------------===//
#include "ir/Ops.h"

using namespace mlir;
using namespace mlir::mg;

static SymbolRefAttr calleeOf(CallOpInterface call) {
  return cast<SymbolRefAttr>(call.getCallableForCallee());
}

//===--- by the body
//-------------------------------------------------------===//

static FailureOr<Reverse> reverseBody(CallOpInterface call, RuleBuilder &r,
                                      ValueRange operands,
                                      ArrayRef<bool> active) {
  FailureOr<func::FuncOp> body = r.functions().lookup(call, calleeOf(call));
  if (failed(body))
    return failure();
  return r.functions().reverse(r, *body, operands, active);
}

static FailureOr<Forward> forwardBody(CallOpInterface call, RuleBuilder &r,
                                      ValueRange operands,
                                      ArrayRef<Value> tangents) {
  FailureOr<func::FuncOp> body = r.functions().lookup(call, calleeOf(call));
  if (failed(body))
    return failure();
  return r.functions().forward(r, *body, operands, tangents);
}

static FailureOr<SmallVector<Mapped>>
batchBody(CallOpInterface call, RuleBuilder &r, ArrayRef<Mapped> operands) {
  FailureOr<func::FuncOp> body = r.functions().lookup(call, calleeOf(call));
  if (failed(body))
    return failure();
  return r.functions().batch(r, *body, operands);
}

FailureOr<Reverse> CallOp::emitReverse(RuleBuilder &r, ValueRange operands,
                                       ArrayRef<bool> active) {
  return reverseBody(*this, r, operands, active);
}
FailureOr<Forward> CallOp::emitForward(RuleBuilder &r, ValueRange operands,
                                       ArrayRef<Value> tangents) {
  return forwardBody(*this, r, operands, tangents);
}
FailureOr<SmallVector<Mapped>> CallOp::batch(RuleBuilder &r,
                                             ArrayRef<Mapped> operands) {
  return batchBody(*this, r, operands);
}

//===--- composites
//--------------------------------------------------------===//

/// The cotangents that `backward` takes: those of floats, zeros where null.
static void appendCotangents(RuleBuilder &r, ValueRange results,
                             ArrayRef<Value> cotangents,
                             SmallVectorImpl<Value> &values) {
  for (auto [result, cotangent] : llvm::zip(results, cotangents))
    if (isDifferentiable(result.getType()))
      values.push_back(r.materialize(cotangent, result.getType()));
}

FailureOr<Reverse> CompositeOp::emitReverse(RuleBuilder &r, ValueRange operands,
                                            ArrayRef<bool> active) {
  if (!getForwardAttr())
    return reverseBody(*this, r, operands, active);
  FailureOr<func::FuncOp> forward =
      r.functions().lookup(*this, getForwardAttr());
  FailureOr<func::FuncOp> backward =
      r.functions().lookup(*this, getBackwardAttr());
  if (failed(forward) || failed(backward))
    return failure();
  SmallVector<Value> results = r.inlineBody(*forward, operands);
  SmallVector<Value> residuals(ArrayRef(results).drop_front(getNumResults()));
  results.truncate(getNumResults());
  auto pull = [backward = *backward, residuals, results,
               arguments = SmallVector<Value>(operands)](
                  RuleBuilder &r, ArrayRef<Value> cotangents,
                  MutableArrayRef<Value> gradients) -> LogicalResult {
    SmallVector<Value> values = residuals;
    appendCotangents(r, results, cotangents, values);
    SmallVector<Value> answers = r.inlineBody(backward, values);
    size_t next = 0;
    for (auto [argument, gradient] : llvm::zip(arguments, gradients))
      if (isDifferentiable(argument.getType()))
        gradient = answers[next++];
    return success();
  };
  return Reverse{results, pull};
}

FailureOr<Forward> CompositeOp::emitForward(RuleBuilder &r, ValueRange operands,
                                            ArrayRef<Value> tangents) {
  return forwardBody(*this, r, operands, tangents);
}

/// `function` with every argument and every result mapped.
static FailureOr<FlatSymbolRefAttr> mapWhole(Operation *op, RuleBuilder &r,
                                             SymbolRefAttr symbol) {
  FailureOr<func::FuncOp> function = r.functions().lookup(op, symbol);
  if (failed(function))
    return failure();
  SmallVector<bool> all(function->getNumArguments(), true), results;
  FailureOr<func::FuncOp> mapped = r.functions().batchFunction(
      *function, all, r.batchSize(), /*mapAll=*/true, results);
  if (failed(mapped))
    return failure();
  return FlatSymbolRefAttr::get(*mapped);
}

/// Results, all mapped, of the same kind of op with mapped functions.
static SmallVector<Mapped>
emitMapped(Operation *op, RuleBuilder &r, ArrayRef<Mapped> operands,
           ArrayRef<std::pair<StringRef, FlatSymbolRefAttr>> functions) {
  SmallVector<Value> values;
  for (const Mapped &operand : operands)
    values.push_back(r.mapped(operand));
  NamedAttrList attributes(op->getAttrs());
  for (auto [key, symbol] : functions)
    attributes.set(key, symbol);
  SmallVector<Type> types;
  for (Value result : op->getResults())
    types.push_back(tensorType(result).clone(
        RuleBuilder::prepended(r.batchSize(), shape(result))));
  SmallVector<Mapped> results;
  for (Value result :
       r.makeAll(op->getName().stripDialect(), values, attributes, types))
    results.push_back({result, true});
  return results;
}

/// A rule of its own stays: it may say something else than the body's
/// derivative.
FailureOr<SmallVector<Mapped>> CompositeOp::batch(RuleBuilder &r,
                                                  ArrayRef<Mapped> operands) {
  if (!getForwardAttr())
    return batchBody(*this, r, operands);
  SmallVector<std::pair<StringRef, FlatSymbolRefAttr>> functions;
  for (StringRef key : {"decomposition", "forward", "backward"}) {
    auto mapped =
        mapWhole(*this, r, (*this)->getAttrOfType<SymbolRefAttr>(key));
    if (failed(mapped))
      return failure();
    functions.emplace_back(key, *mapped);
  }
  return emitMapped(*this, r, operands, functions);
}

//===--- checkpoints
//-------------------------------------------------------===//

/// Multiplications and additions, roughly, that make `op`'s results.
static double costOf(Operation *op) {
  auto elements = [](Value x) -> double {
    return tensorType(x).getNumElements();
  };
  double work = 0;
  for (Value operand : op->getOperands())
    work += elements(operand);
  if (isa<mlir::mg::View>(op))
    return 0;
  if (auto dot = dyn_cast<DotOp>(op)) {
    double depth = 1;
    for (int64_t dim : dot.getLhsContract())
      depth *= shape(dot.getLhs())[dim];
    return 2 * depth * elements(dot);
  }
  if (auto conv = dyn_cast<ConvOp>(op))
    return 2 * elements(conv) * elements(conv.getW()) /
           std::max<double>(1, shape(conv.getW())[0]);
  return work;
}

/// The values of `body` that the policy keeps.
static SmallVector<Value> keptValues(CheckpointOp op, func::FuncOp body) {
  SmallVector<Value> kept;
  SmallVector<std::pair<double, Value>> priced;
  for (Operation &inner : body.getBody().front().without_terminator()) {
    auto name = dyn_cast<NameOp>(inner);
    if (op.getPolicy() == CheckpointPolicy::Names && name &&
        llvm::is_contained(op.getNames(), name.getNameAttr()))
      kept.push_back(name);
    if (op.getPolicy() == CheckpointPolicy::Dots && isa<DotOp, ConvOp>(inner))
      kept.push_back(inner.getResult(0));
    for (Value result : inner.getResults())
      if (int64_t bytes = tensorType(result).getNumElements() *
                          elementBytes(tensorType(result).getElementType()))
        priced.emplace_back(costOf(&inner) / bytes, result);
  }
  if (op.getPolicy() != CheckpointPolicy::Bytes)
    return kept;
  // In order of the ops where prices are equal.
  auto order = llvm::to_vector(llvm::seq(priced.size()));
  llvm::sort(order, [&](size_t a, size_t b) {
    return std::pair(-priced[a].first, a) < std::pair(-priced[b].first, b);
  });
  int64_t left = op.getBytes();
  for (size_t i : order) {
    auto [price, value] = priced[i];
    int64_t bytes = tensorType(value).getNumElements() *
                    elementBytes(tensorType(value).getElementType());
    if (price <= 0 || bytes > left)
      continue;
    left -= bytes;
    kept.push_back(value);
  }
  return kept;
}

/// `values`, behind a barrier that waits for `cotangents`.
static SmallVector<Value> behindBarrier(RuleBuilder &r, ValueRange values,
                                        ArrayRef<Value> cotangents) {
  SmallVector<Value> all(values);
  for (Value cotangent : cotangents)
    if (cotangent)
      all.push_back(cotangent);
  SmallVector<Value> results = r.makeAll("barrier", all);
  results.truncate(values.size());
  return results;
}

FailureOr<Reverse> CheckpointOp::emitReverse(RuleBuilder &r,
                                             ValueRange operands,
                                             ArrayRef<bool> active) {
  if (getPolicy() == CheckpointPolicy::Everything)
    return reverseBody(*this, r, operands, active);
  FailureOr<func::FuncOp> body = r.functions().lookup(*this, getCalleeAttr());
  if (failed(body))
    return failure();
  IRMapping first;
  SmallVector<Value> results = r.inlineBody(*body, operands, &first);
  SmallVector<std::pair<Value, Value>> kept;
  for (Value value : keptValues(*this, *body))
    kept.emplace_back(value, first.lookup(value));
  auto pull = [body = *body, arguments = SmallVector<Value>(operands), kept,
               active = SmallVector<bool>(active)](
                  RuleBuilder &r, ArrayRef<Value> cotangents,
                  MutableArrayRef<Value> gradients) -> LogicalResult {
    IRMapping again;
    FailureOr<Reverse> second = r.functions().reverse(
        r, body, behindBarrier(r, arguments, cotangents), active, &again);
    if (failed(second) || failed(second->pull(r, cotangents, gradients)))
      return failure();
    // What was kept is not computed again: nothing uses that any more.
    for (auto [value, first] : kept)
      if (Value recomputed = again.lookupOrNull(value))
        recomputed.replaceAllUsesWith(first);
    return success();
  };
  return Reverse{results, pull};
}

FailureOr<Forward> CheckpointOp::emitForward(RuleBuilder &r,
                                             ValueRange operands,
                                             ArrayRef<Value> tangents) {
  return forwardBody(*this, r, operands, tangents);
}

FailureOr<SmallVector<Mapped>> CheckpointOp::batch(RuleBuilder &r,
                                                   ArrayRef<Mapped> operands) {
  auto mapped = mapWhole(*this, r, getCalleeAttr());
  if (failed(mapped))
    return failure();
  return emitMapped(*this, r, operands, {{"callee", *mapped}});
}

//===--- identities
//--------------------------------------------------------===//

/// Zero by definition.
LogicalResult StopGradientOp::vjp(RuleBuilder &, ArrayRef<Value>,
                                  MutableArrayRef<Value>) {
  return success();
}
LogicalResult StopGradientOp::jvp(RuleBuilder &, ArrayRef<Value>,
                                  MutableArrayRef<Value>) {
  return success();
}
FailureOr<SmallVector<Mapped>>
StopGradientOp::batch(RuleBuilder &r, ArrayRef<Mapped> operands) {
  return SmallVector<Mapped>{
      {r.make("stop_gradient", operands[0].value), operands[0].isMapped}};
}

LogicalResult NameOp::vjp(RuleBuilder &, ArrayRef<Value> cotangents,
                          MutableArrayRef<Value> gradients) {
  gradients[0] = cotangents[0];
  return success();
}
LogicalResult NameOp::jvp(RuleBuilder &, ArrayRef<Value> tangents,
                          MutableArrayRef<Value> results) {
  results[0] = tangents[0];
  return success();
}
FailureOr<SmallVector<Mapped>> NameOp::batch(RuleBuilder &r,
                                             ArrayRef<Mapped> operands) {
  return SmallVector<Mapped>{
      {r.make("name", operands[0].value, (*this)->getAttrs()),
       operands[0].isMapped}};
}

LogicalResult BarrierOp::vjp(RuleBuilder &, ArrayRef<Value> cotangents,
                             MutableArrayRef<Value> gradients) {
  llvm::copy(cotangents, gradients.begin());
  return success();
}
LogicalResult BarrierOp::jvp(RuleBuilder &, ArrayRef<Value> tangents,
                             MutableArrayRef<Value> results) {
  llvm::copy(tangents, results.begin());
  return success();
}
FailureOr<SmallVector<Mapped>> BarrierOp::batch(RuleBuilder &r,
                                                ArrayRef<Mapped> operands) {
  SmallVector<Value> values;
  for (const Mapped &operand : operands)
    values.push_back(operand.value);
  SmallVector<Mapped> results;
  for (auto [value, operand] :
       llvm::zip(r.makeAll("barrier", values), operands))
    results.push_back({value, operand.isMapped});
  return results;
}
