//===- ControlFlow.h - what the rules of branches and loops share ---------===//
#ifndef MG_IR_CONTROLFLOW_H
#define MG_IR_CONTROLFLOW_H

#include "ir/RuleBuilder.h"

namespace mlir::mg {

/// Results that are floats and may change with an active argument.
SmallVector<bool> dependentResults(func::FuncOp function,
                                   ArrayRef<bool> active);

/// Per result: its number among those that are floats, or -1.
SmallVector<int64_t> floatNumbers(TypeRange types);

/// The values that `chosen` says.
SmallVector<Value> chosenOf(ValueRange values, ArrayRef<bool> chosen);

/// Per tangent or cotangent, whether there is one.
SmallVector<bool> present(ArrayRef<Value> values);

/// x with a new first dimension of `size`, repeated along it.
Value repeated(RuleBuilder &r, Value x, int64_t size);

/// `function`, named by an attribute.
NamedAttribute functionAttribute(RuleBuilder &r, StringRef key,
                                 func::FuncOp function);

/// What emits a body from the values of its roles.
using BodyOf = function_ref<SmallVector<Value>(
    RuleBuilder &r, ValueRange consts, ValueRange carries, ValueRange slices)>;

/// A scan to be made: its operands by their roles.
struct NewScan {
  SmallVector<Value> consts, carries, sequences;
  int64_t length = 0;
  bool reverse = false;

  SmallVector<Value> make(RuleBuilder &r, const Twine &name, BodyOf body) const;
};

/// A while to be made. Its functions get no slices.
struct NewWhile {
  SmallVector<Value> consts, states;
  std::optional<int64_t> maxTrips;

  SmallVector<Value> make(RuleBuilder &r, const Twine &name, BodyOf condition,
                          BodyOf body) const;
};

} // namespace mlir::mg

#endif // MG_IR_CONTROLFLOW_H
