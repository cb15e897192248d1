//===- InlineCalls.cpp - Calls and composites become their bodies ---------===//
//
// In:    a module whose mg ops may call functions of the module.
// Out:   functions without such calls; private functions that no one else
//        calls are gone.
//
//          %y = mg.call @f(%x)    =>    the ops of @f, with %x
//
// Never: touches func.call, which calls the runtime.
//
//===----------------------------------------------------------------------===//

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

/// Calls that double at each level make a small file a huge program.
static constexpr int64_t maxOps = int64_t(1) << 20;

namespace {

class Inliner {
public:
  explicit Inliner(ModuleOp module) : symbols(module) {}

  /// Makes `function` free of calls, and first the functions that it calls.
  LogicalResult visit(func::FuncOp function);

private:
  LogicalResult expand(CallOpInterface call);

  enum class State { New, Open, Done };
  SymbolTable symbols;
  DenseMap<Operation *, State> states;
  int64_t opCount = 0;
};

} // namespace

LogicalResult Inliner::visit(func::FuncOp function) {
  State &state = states[function];
  if (state == State::Done)
    return success();
  state = State::Open;
  SmallVector<CallOpInterface> calls;
  function.walk([&](CallOpInterface call) {
    if (isa<MgDialect>(call->getDialect()))
      calls.push_back(call);
  });
  for (CallOpInterface call : calls)
    if (failed(expand(call)))
      return failure();
  states[function] = State::Done;
  return success();
}

LogicalResult Inliner::expand(CallOpInterface call) {
  auto symbol = cast<SymbolRefAttr>(call.getCallableForCallee());
  auto callee = symbols.lookup<func::FuncOp>(symbol.getLeafReference());
  if (!callee || callee.isExternal())
    return call->emitError("not supported: ")
           << call->getName() << " of " << symbol << ", which has no body";
  if (states.lookup(callee) == State::Open)
    return call->emitError("not supported: ")
           << symbol << " calls itself, directly or not";
  if (failed(visit(callee)))
    return failure();
  OpBuilder builder(call);
  IRMapping values;
  values.map(callee.getArguments(), call.getArgOperands());
  for (Operation &op : callee.getBody().front().without_terminator()) {
    if (++opCount > maxOps)
      return call->emitError("not supported: more than ")
             << maxOps << " ops after calls are expanded";
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
      if (function.isPrivate() &&
          SymbolTable::symbolKnownUseEmpty(function, getOperation()))
        function.erase();
  }
};

} // namespace
