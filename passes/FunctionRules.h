//===- FunctionRules.h - derivatives and batching of functions --*- C++ -*-===//
//
// The walk. A function is a list of ops; each op knows its own derivative and
// its own batched form (ir/'s interfaces), and this carries them through the
// list:
//
//   reverse   emits the ops in order; afterwards, given the results'
//             cotangents, asks the ops from the last to the first for their
//             operands' ones and adds up what reaches a value several times
//   forward   emits each op and its tangents at once
//   batch     emits each op over a batch, if any operand has one
//
//      f(x) = { y = exp x; z = y * x }         reverse of f:
//                                                y = exp x
//                                                z = y * x
//                                                -- given z' --
//                                                y' = z' x
//                                                x' = z' y + y' y
//
// What has no derivative to give is left out on the way: an op none of whose
// operands depends on an active argument (in `reverse`, it has no step), and
// one whose results have no cotangent (in the way back, it is passed over).
// An op without a rule is an error only where a cotangent or a tangent really
// reaches it.
//
// All of this emits ordinary `mg` ops into an ordinary function, so the result
// can be transformed again: the inner transformation first, then the outer.
//
// Loops and branches need the reverse in two functions, `split`: one that runs
// on the way there and returns residuals, one that runs on the way back. They
// are cut from one body. A residual is a value of the first that the second
// reads; what is cheap to compute from other residuals is computed again
// instead (a view, a constant, an elementwise op of values that are kept
// anyway).
//
//===----------------------------------------------------------------------===//

#ifndef MG_PASSES_FUNCTIONRULES_H
#define MG_PASSES_FUNCTIONRULES_H

#include "ir/Ops.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/SymbolTable.h"

#include <map>

namespace mlir::mg {

class FunctionRules : public FunctionTransforms {
public:
  explicit FunctionRules(ModuleOp module) : symbols(module) {}

  /// Replaces the transformations in `function`; those in the functions that
  /// they name first. A function that reaches itself is an error.
  LogicalResult expand(func::FuncOp function);

  FailureOr<func::FuncOp> lookup(Operation *user,
                                 SymbolRefAttr symbol) override;
  FailureOr<Reverse> reverse(RuleBuilder &r, func::FuncOp function,
                             ValueRange operands, ArrayRef<bool> active,
                             IRMapping *emitted) override;
  FailureOr<Forward> forward(RuleBuilder &r, func::FuncOp function,
                             ValueRange operands,
                             ArrayRef<Value> tangents) override;
  FailureOr<SmallVector<Mapped>> batch(RuleBuilder &r, func::FuncOp function,
                                       ArrayRef<Mapped> operands) override;
  FailureOr<SplitReverse> split(func::FuncOp function,
                                ArrayRef<bool> active) override;
  FailureOr<func::FuncOp> forwardFunction(func::FuncOp function,
                                          ArrayRef<bool> active) override;
  FailureOr<func::FuncOp>
  batchFunction(func::FuncOp function, ArrayRef<bool> mapped, int64_t size,
                bool mapAll, SmallVectorImpl<bool> &mappedResults) override;
  func::FuncOp
  create(StringRef name, Location loc, TypeRange arguments,
         function_ref<SmallVector<Value>(RuleBuilder &, ValueRange)> body)
      override;

private:
  LogicalResult expandOp(Operation *op);
  FailureOr<SmallVector<Value>> expanded(VjpOp op, RuleBuilder &r);
  FailureOr<SmallVector<Value>> expanded(JvpOp op, RuleBuilder &r);
  FailureOr<SmallVector<Value>> expanded(VmapOp op, RuleBuilder &r);
  /// `create` with a body that may fail, and its batch size.
  FailureOr<func::FuncOp> tryCreate(
      StringRef name, Location loc, TypeRange arguments, int64_t batchSize,
      function_ref<FailureOr<SmallVector<Value>>(RuleBuilder &, ValueRange)>
          body);

  enum class State { New, Open, Done };
  /// A function, and which of its arguments are active or mapped.
  using Key = std::pair<Operation *, std::vector<bool>>;
  struct Batched {
    func::FuncOp function;
    SmallVector<bool> mappedResults;
  };

  SymbolTable symbols;
  DenseMap<Operation *, State> states;
  std::map<Key, SplitReverse> splits;
  std::map<Key, func::FuncOp> forwards;
  /// By batch size, and whether all results are mapped.
  std::map<std::tuple<Key, int64_t, bool>, Batched> batches;
};

/// The results, then the tangents of those that are floats.
SmallVector<Value> withTangents(RuleBuilder &r, const Forward &out);

/// Erases ops of the body that nothing needs.
void eraseDead(func::FuncOp function);

} // namespace mlir::mg

#endif // MG_PASSES_FUNCTIONRULES_H
