//===- FunctionRules.cpp - derivatives and batching of functions ----------===//
#include "passes/FunctionRules.h"

#include "mlir/Interfaces/SideEffectInterfaces.h"

using namespace mlir;
using namespace mlir::mg;

void mg::eraseDead(func::FuncOp function) {
  for (Operation &op :
       llvm::make_early_inc_range(llvm::reverse(function.getBody().front())))
    if (isOpTriviallyDead(&op))
      op.erase();
}

SmallVector<Value> mg::withTangents(RuleBuilder &r, const Forward &out) {
  SmallVector<Value> all = out.results;
  for (auto [result, tangent] : llvm::zip(out.results, out.tangents))
    if (isDifferentiable(result.getType()))
      all.push_back(r.materialize(tangent, result.getType()));
  return all;
}

static SmallVector<Value> mapAll(ValueRange values, const IRMapping &map) {
  return llvm::map_to_vector(
      values, [&](Value value) { return map.lookupOrDefault(value); });
}

FailureOr<func::FuncOp> FunctionRules::lookup(Operation *user,
                                              SymbolRefAttr symbol) {
  auto function = symbols.lookup<func::FuncOp>(symbol.getLeafReference());
  if (!function || function.isExternal())
    return user->emitError("not supported: ")
           << user->getName() << " of " << symbol << ", which has no body";
  if (states.lookup(function) == State::Open)
    return user->emitError("not supported: ")
           << symbol << " calls itself, directly or not";
  if (failed(expand(function)))
    return failure();
  return function;
}

//===----------------------------------------------------------------------===//
// Reverse mode
//===----------------------------------------------------------------------===//

namespace {

/// An op that was emitted, and may be asked for its operands' cotangents.
struct Step {
  Operation *op; // of the function that is walked, as are `operands`
  SmallVector<bool> active;
  Pull pull;
};

/// Cotangents by values of the function that is walked.
class Cotangents {
public:
  void add(RuleBuilder &r, Value value, Value cotangent) {
    r.accumulate(known[value], cotangent);
  }
  Value of(Value value) const { return known.lookup(value); }

private:
  DenseMap<Value, Value> known;
};

} // namespace

/// What the way back does: from the last step to the first.
static LogicalResult pullSteps(RuleBuilder &r, ArrayRef<Step> steps,
                               Cotangents &cotangents) {
  for (const Step &step : llvm::reverse(steps)) {
    SmallVector<Value> given;
    for (Value result : step.op->getResults())
      given.push_back(cotangents.of(result));
    if (llvm::none_of(given, [](Value value) { return bool(value); }))
      continue;
    RuleBuilder here = r.at(step.op->getLoc());
    SmallVector<Value> gradients(step.op->getNumOperands());
    if (failed(step.pull(here, given, gradients)))
      return failure();
    for (auto [operand, active, gradient] :
         llvm::zip(step.op->getOperands(), step.active, gradients))
      if (active)
        cotangents.add(here, operand, gradient);
  }
  return success();
}

/// The pull of an op without any rule, reached by a cotangent.
static Pull refusal(Operation *op) {
  return [op](RuleBuilder &r, ArrayRef<Value>, MutableArrayRef<Value>) {
    return r.noRule(op, "reverse");
  };
}

FailureOr<Reverse> FunctionRules::reverse(RuleBuilder &r, func::FuncOp function,
                                          ValueRange operands,
                                          ArrayRef<bool> active,
                                          IRMapping *emitted) {
  IRMapping own;
  IRMapping &values = emitted ? *emitted : own;
  values.map(function.getArguments(), operands);
  DenseSet<Value> varied;
  for (auto [argument, isActive] : llvm::zip(function.getArguments(), active))
    if (isActive)
      varied.insert(argument);
  SmallVector<Step> steps;
  Block &body = function.getBody().front();
  for (Operation &op : body.without_terminator()) {
    Step step{&op, {}, {}};
    for (Value operand : op.getOperands())
      step.active.push_back(varied.contains(operand));
    auto rule = dyn_cast<Differentiable>(op);
    if (llvm::none_of(step.active, [](bool a) { return a; }) ||
        llvm::none_of(op.getResultTypes(), isDifferentiable)) {
      r.getBuilder().clone(op, values);
      continue;
    }
    for (Value result : op.getResults())
      if (isDifferentiable(result.getType()))
        varied.insert(result);
    if (rule) {
      RuleBuilder here = r.at(op.getLoc());
      FailureOr<Reverse> emission =
          rule.emitReverse(here, mapAll(op.getOperands(), values), step.active);
      if (failed(emission))
        return failure();
      values.map(op.getResults(), emission->results);
      step.pull = emission->pull;
    } else {
      r.getBuilder().clone(op, values);
      step.pull = refusal(&op);
    }
    steps.push_back(std::move(step));
  }
  auto pull = [function, steps = std::move(steps), varied = std::move(varied)](
                  RuleBuilder &r, ArrayRef<Value> given,
                  MutableArrayRef<Value> gradients) mutable -> LogicalResult {
    Cotangents cotangents;
    Operation *end = function.getBody().front().getTerminator();
    for (auto [result, cotangent] : llvm::zip(end->getOperands(), given))
      if (varied.contains(result))
        cotangents.add(r, result, cotangent);
    if (failed(pullSteps(r, steps, cotangents)))
      return failure();
    for (auto [argument, gradient] :
         llvm::zip(function.getArguments(), gradients))
      if (varied.contains(argument))
        gradient = cotangents.of(argument);
    return success();
  };
  return Reverse{mapAll(body.getTerminator()->getOperands(), values), pull};
}

//===----------------------------------------------------------------------===//
// Forward mode, batching
//===----------------------------------------------------------------------===//

FailureOr<Forward> FunctionRules::forward(RuleBuilder &r, func::FuncOp function,
                                          ValueRange operands,
                                          ArrayRef<Value> tangents) {
  IRMapping values;
  values.map(function.getArguments(), operands);
  DenseMap<Value, Value> known;
  for (auto [argument, tangent] : llvm::zip(function.getArguments(), tangents))
    known[argument] = tangent;
  auto tangentsOf = [&](ValueRange wanted) {
    return llvm::map_to_vector(wanted,
                               [&](Value v) { return known.lookup(v); });
  };
  Block &body = function.getBody().front();
  for (Operation &op : body.without_terminator()) {
    SmallVector<Value> given = tangentsOf(op.getOperands());
    if (llvm::none_of(given, [](Value value) { return bool(value); }) ||
        llvm::none_of(op.getResultTypes(), isDifferentiable)) {
      r.getBuilder().clone(op, values);
      continue;
    }
    RuleBuilder here = r.at(op.getLoc());
    auto rule = dyn_cast<Differentiable>(op);
    if (!rule)
      return r.noRule(&op, "forward");
    FailureOr<Forward> emission =
        rule.emitForward(here, mapAll(op.getOperands(), values), given);
    if (failed(emission))
      return failure();
    values.map(op.getResults(), emission->results);
    for (auto [result, tangent] :
         llvm::zip(op.getResults(), emission->tangents))
      known[result] = tangent;
  }
  ValueRange results = body.getTerminator()->getOperands();
  return Forward{mapAll(results, values), tangentsOf(results)};
}

FailureOr<SmallVector<Mapped>> FunctionRules::batch(RuleBuilder &r,
                                                    func::FuncOp function,
                                                    ArrayRef<Mapped> operands) {
  DenseMap<Value, Mapped> values;
  for (auto [argument, operand] : llvm::zip(function.getArguments(), operands))
    values[argument] = operand;
  auto valuesOf = [&](ValueRange wanted) {
    return llvm::map_to_vector(wanted, [&](Value v) { return values.at(v); });
  };
  Block &body = function.getBody().front();
  for (Operation &op : body.without_terminator()) {
    SmallVector<Mapped> given = valuesOf(op.getOperands());
    RuleBuilder here = r.at(op.getLoc());
    if (llvm::none_of(given, [](const Mapped &m) { return m.isMapped; })) {
      IRMapping map;
      for (auto [operand, mapped] : llvm::zip(op.getOperands(), given))
        map.map(operand, mapped.value);
      Operation *clone = r.getBuilder().clone(op, map);
      for (auto [result, own] : llvm::zip(op.getResults(), clone->getResults()))
        values[result] = {own, false};
      continue;
    }
    auto rule = dyn_cast<Batchable>(op);
    auto results =
        rule ? rule.batch(here, given) : batchByLoop(&op, here, given);
    if (failed(results))
      return failure();
    for (auto [result, mapped] : llvm::zip(op.getResults(), *results))
      values[result] = mapped;
  }
  return valuesOf(body.getTerminator()->getOperands());
}

//===----------------------------------------------------------------------===//
// As functions
//===----------------------------------------------------------------------===//

FailureOr<func::FuncOp> FunctionRules::tryCreate(
    StringRef name, Location loc, TypeRange arguments, int64_t batchSize,
    function_ref<FailureOr<SmallVector<Value>>(RuleBuilder &, ValueRange)>
        body) {
  MLIRContext *context = loc.getContext();
  auto function = func::FuncOp::create(
      loc, name, FunctionType::get(context, arguments, {}));
  function.setPrivate();
  symbols.insert(function);
  Block *block = function.addEntryBlock();
  OpBuilder builder = OpBuilder::atBlockEnd(block);
  RuleBuilder r(builder, loc, *this, batchSize);
  FailureOr<SmallVector<Value>> results = body(r, block->getArguments());
  if (failed(results)) {
    symbols.erase(function);
    return failure();
  }
  builder.create<func::ReturnOp>(loc, *results);
  function.setFunctionType(
      FunctionType::get(context, arguments, TypeRange(ValueRange(*results))));
  eraseDead(function);
  states[function] = State::Done;
  return function;
}

func::FuncOp FunctionRules::create(
    StringRef name, Location loc, TypeRange arguments,
    function_ref<SmallVector<Value>(RuleBuilder &, ValueRange)> body) {
  return *tryCreate(
      name, loc, arguments, 0,
      [&](RuleBuilder &r, ValueRange values) -> FailureOr<SmallVector<Value>> {
        return body(r, values);
      });
}

/// The types of the values for which `wanted` is true.
static SmallVector<Type> chosen(TypeRange types, ArrayRef<bool> wanted) {
  SmallVector<Type> result;
  for (auto [type, isWanted] : llvm::zip(types, wanted))
    if (isWanted)
      result.push_back(type);
  return result;
}

FailureOr<func::FuncOp> FunctionRules::forwardFunction(func::FuncOp function,
                                                       ArrayRef<bool> active) {
  func::FuncOp &known =
      forwards[{function, std::vector<bool>(active.begin(), active.end())}];
  if (known)
    return known;
  SmallVector<Type> arguments(function.getArgumentTypes());
  llvm::append_range(arguments, chosen(function.getArgumentTypes(), active));
  auto made = tryCreate(
      (function.getName() + ".jvp").str(), function.getLoc(), arguments, 0,
      [&](RuleBuilder &r, ValueRange values) -> FailureOr<SmallVector<Value>> {
        ValueRange primal = values.take_front(active.size());
        size_t next = active.size();
        SmallVector<Value> tangents;
        for (bool isActive : active)
          tangents.push_back(isActive ? values[next++] : Value());
        FailureOr<Forward> out = forward(r, function, primal, tangents);
        if (failed(out))
          return failure();
        return withTangents(r, *out);
      });
  if (succeeded(made))
    known = *made;
  return made;
}

FailureOr<func::FuncOp>
FunctionRules::batchFunction(func::FuncOp function, ArrayRef<bool> mapped,
                             int64_t size, bool mapAll,
                             SmallVectorImpl<bool> &mappedResults) {
  Key key{function, std::vector<bool>(mapped.begin(), mapped.end())};
  Batched &known = batches[{key, size, mapAll}];
  if (!known.function) {
    SmallVector<Type> arguments;
    for (auto [type, isMapped] :
         llvm::zip(function.getArgumentTypes(), mapped)) {
      auto tensor = cast<RankedTensorType>(type);
      arguments.push_back(isMapped ? tensor.clone(RuleBuilder::prepended(
                                         size, tensor.getShape()))
                                   : tensor);
    }
    auto made = tryCreate(
        (function.getName() + ".vmap").str(), function.getLoc(), arguments,
        size,
        [&](RuleBuilder &r,
            ValueRange values) -> FailureOr<SmallVector<Value>> {
          SmallVector<Mapped> operands;
          for (auto [value, isMapped] : llvm::zip(values, mapped))
            operands.push_back({value, isMapped});
          auto out = batch(r, function, operands);
          if (failed(out))
            return failure();
          SmallVector<Value> results;
          for (const Mapped &result : *out) {
            known.mappedResults.push_back(mapAll || result.isMapped);
            results.push_back(mapAll ? r.mapped(result) : result.value);
          }
          return results;
        });
    if (failed(made))
      return failure();
    known.function = *made;
  }
  mappedResults.assign(known.mappedResults);
  return known.function;
}
