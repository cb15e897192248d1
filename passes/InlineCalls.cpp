//===- InlineCalls.cpp - Calls and composites become their bodies ---------===//
//
// In:    a module whose mg ops may call functions of the module.
// Out:   functions without such calls; private functions that nothing reachable
//        names any more are gone. Those that loops and branches name stay.
//
//          %y = mg.call @f(%x)    =>    the ops of @f, with %x
//
// Never: touches func.call, which calls the runtime.
//
//===----------------------------------------------------------------------===//

#include "passes/ExpandedSize.h"
#include "passes/Passes.h"

#include "ir/Dialect.h"

#include "mlir/IR/IRMapping.h"
#include "mlir/Interfaces/CallInterfaces.h"

using namespace mlir;
using namespace mlir::mg;

namespace mlir::mg {
#define GEN_PASS_DEF_INLINECALLS
#include "passes/Passes.h.inc"
} // namespace mlir::mg

namespace {

class Inliner {
public:
  explicit Inliner(ModuleOp module) : symbols(module) {}

  /// Whether an op that stays names `function`.
  bool isNamed(func::FuncOp function) const { return named.contains(function); }

  /// Makes `function` free of calls, and first the functions that it calls.
  LogicalResult visit(func::FuncOp function);

private:
  LogicalResult expand(CallOpInterface call);
  /// Visits what `user` names.
  FailureOr<func::FuncOp> enter(Operation *user, SymbolRefAttr symbol,
                                bool needsBody);

  enum class State { New, Open, Done };
  SymbolTable symbols;
  DenseMap<Operation *, State> states;
  DenseSet<Operation *> named;
  int64_t opCount = 0;
};

} // namespace

/// The functions that the attributes of `op` name.
static SmallVector<SymbolRefAttr> namedBy(Operation *op) {
  SmallVector<SymbolRefAttr> symbols;
  for (NamedAttribute attribute : op->getAttrs())
    if (auto symbol = dyn_cast<SymbolRefAttr>(attribute.getValue()))
      symbols.push_back(symbol);
  return symbols;
}

LogicalResult Inliner::visit(func::FuncOp function) {
  if (states.lookup(function) == State::Done)
    return success();
  states[function] = State::Open;
  SmallVector<CallOpInterface> calls;
  WalkResult walk = function.walk([&](Operation *op) {
    const bool isMg = isa<MgDialect>(op->getDialect());
    if (auto call = dyn_cast<CallOpInterface>(op); call && isMg) {
      calls.push_back(call);
      return WalkResult::advance();
    }
    for (SymbolRefAttr symbol : namedBy(op)) {
      FailureOr<func::FuncOp> function = enter(op, symbol, /*needsBody=*/isMg);
      if (failed(function))
        return WalkResult::interrupt();
      named.insert(*function);
    }
    return WalkResult::advance();
  });
  if (walk.wasInterrupted())
    return failure();
  for (CallOpInterface call : calls)
    if (failed(expand(call)))
      return failure();
  states[function] = State::Done;
  return success();
}

FailureOr<func::FuncOp> Inliner::enter(Operation *user, SymbolRefAttr symbol,
                                       bool needsBody) {
  auto function = symbols.lookup<func::FuncOp>(symbol.getLeafReference());
  if (!function || function.isExternal()) {
    if (!needsBody)
      return function;
    return user->emitError("not supported: ")
           << user->getName() << " of " << symbol << ", which has no body";
  }
  if (states.lookup(function) == State::Open)
    return user->emitError("not supported: ")
           << symbol << " calls itself, directly or not";
  if (failed(visit(function)))
    return failure();
  return function;
}

LogicalResult Inliner::expand(CallOpInterface call) {
  FailureOr<func::FuncOp> entered =
      enter(call, cast<SymbolRefAttr>(call.getCallableForCallee()),
            /*needsBody=*/true);
  if (failed(entered))
    return failure();
  func::FuncOp callee = *entered;
  OpBuilder builder(call);
  IRMapping values;
  values.map(callee.getArguments(), call.getArgOperands());
  for (Operation &op : callee.getBody().front().without_terminator()) {
    if (++opCount > maxExpandedOps)
      return call->emitError("not supported: more than ")
             << maxExpandedOps << " ops after calls are expanded";
    builder.clone(op, values);
  }
  Operation *end = callee.getBody().front().getTerminator();
  for (auto [result, value] : llvm::zip(call->getResults(), end->getOperands()))
    result.replaceAllUsesWith(values.lookupOrDefault(value));
  call->erase();
  return success();
}

namespace {

struct InlineCalls : mg::impl::InlineCallsBase<InlineCalls> {
  void runOnOperation() override {
    Inliner inliner(getOperation());
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (function.isPublic() && failed(inliner.visit(function)))
        return signalPassFailure();
    for (auto function :
         llvm::make_early_inc_range(getOperation().getOps<func::FuncOp>()))
      if (function.isPrivate() && !inliner.isNamed(function))
        function.erase();
  }
};

} // namespace
