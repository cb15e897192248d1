//===- RuleBuilder.h - the vocabulary of derivative and batching rules ----===//
//
// What a rule is written in: each method emits one `mg` op, folded where it
// can be, with the type that the operands imply. Rules of ops that call
// functions ask the transformation itself, through `functions()`, to go on in
// the callee.
//
// Null values stand for zero. Rules run on static shapes.
//
//===----------------------------------------------------------------------===//
#ifndef MG_IR_RULEBUILDER_H
#define MG_IR_RULEBUILDER_H

#include "ir/Dialect.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"

#include <functional>

namespace mlir::mg {

class RuleBuilder;

/// Adds to what is known of the operands' cotangents, given the results'.
using Pull =
    std::function<LogicalResult(RuleBuilder &r, ArrayRef<Value> cotangents,
                                MutableArrayRef<Value> gradients)>;

/// An op or a function body, emitted for reverse mode.
struct Reverse {
  SmallVector<Value> results;
  Pull pull;
};

/// An op or a function body, emitted for forward mode.
struct Forward {
  SmallVector<Value> results;
  SmallVector<Value> tangents;
};

/// A value that has, or has not, the batch dimension in front.
struct Mapped {
  Value value;
  bool isMapped;
};

/// The reverse of a function in two: what is known before the cotangents, and
/// what comes after.
struct SplitReverse {
  /// (arguments) -> (results, residuals)
  func::FuncOp forward;
  /// (residuals, cotangents) -> (gradients). There is a cotangent per result
  /// that is a float, and a gradient per active argument.
  func::FuncOp backward;
  SmallVector<Type> residuals;
  /// Per residual: the argument that it is, or -1.
  SmallVector<int64_t> residualArgument;
};

/// What rules of ops that call functions ask of the transformation. It makes
/// private functions next to the callee and returns the same one when asked
/// the same again.
class FunctionTransforms {
public:
  virtual ~FunctionTransforms() = default;

  /// The function, free of calls and of transformations itself. Reports an
  /// error at `user`.
  virtual FailureOr<func::FuncOp> lookup(Operation *user,
                                         SymbolRefAttr symbol) = 0;

  /// Emit the body of `function` at r's place. `emitted`: its values there.
  virtual FailureOr<Reverse> reverse(RuleBuilder &r, func::FuncOp function,
                                     ValueRange operands, ArrayRef<bool> active,
                                     IRMapping *emitted = nullptr) = 0;
  virtual FailureOr<Forward> forward(RuleBuilder &r, func::FuncOp function,
                                     ValueRange operands,
                                     ArrayRef<Value> tangents) = 0;
  virtual FailureOr<SmallVector<Mapped>>
  batch(RuleBuilder &r, func::FuncOp function, ArrayRef<Mapped> operands) = 0;

  /// The functions that the reverse of a loop or a branch calls.
  virtual FailureOr<SplitReverse> split(func::FuncOp function,
                                        ArrayRef<bool> active) = 0;
  /// (arguments, tangents of the active ones) -> (results, tangents of all
  /// results that are floats).
  virtual FailureOr<func::FuncOp> forwardFunction(func::FuncOp function,
                                                  ArrayRef<bool> active) = 0;
  /// The function on mapped arguments. A result is mapped where it depends on
  /// one, or where `mapAll` says so; `mappedResults` tells.
  virtual FailureOr<func::FuncOp>
  batchFunction(func::FuncOp function, ArrayRef<bool> mapped, int64_t size,
                bool mapAll, SmallVectorImpl<bool> &mappedResults) = 0;

  /// A new private function; `body` emits it and returns the results.
  virtual func::FuncOp
  create(StringRef name, Location loc, TypeRange arguments,
         function_ref<SmallVector<Value>(RuleBuilder &, ValueRange)> body) = 0;
};

/// A float tensor: it has a cotangent and a tangent.
bool isDifferentiable(Type type);

class RuleBuilder {
public:
  RuleBuilder(OpBuilder &builder, Location loc, FunctionTransforms &transforms,
              int64_t batchSize = 0)
      : builder(builder), loc(loc), transforms(transforms), size(batchSize) {}

  OpBuilder &getBuilder() { return builder; }
  Location getLoc() const { return loc; }
  /// The same place, on behalf of another op.
  RuleBuilder at(Location other) {
    return RuleBuilder(builder, other, transforms, size);
  }
  FunctionTransforms &functions() { return transforms; }
  int64_t batchSize() const { return size; }

  /// Reports that `op` cannot be differentiated in that mode.
  LogicalResult noRule(Operation *op, StringRef mode);

  /// Any op of the dialect. Types that the operands do not tell: `wanted`.
  SmallVector<Value> makeAll(StringRef mnemonic, ValueRange operands,
                             ArrayRef<NamedAttribute> attributes = {},
                             TypeRange wanted = {});
  Value make(StringRef mnemonic, ValueRange operands,
             ArrayRef<NamedAttribute> attributes = {}, TypeRange wanted = {}) {
    return makeAll(mnemonic, operands, attributes, wanted).front();
  }
  /// The body of `function` on other values; `emitted`: its values there.
  SmallVector<Value> inlineBody(func::FuncOp function, ValueRange operands,
                                IRMapping *emitted = nullptr);

  //===--- attributes ----------------------------------------------------===//

  NamedAttribute attribute(StringRef name, ArrayRef<int64_t> value);
  NamedAttribute attribute(StringRef name, int64_t value);
  NamedAttribute attribute(StringRef name, Attribute value);
  NamedAttribute flag(StringRef name);

  //===--- constants -----------------------------------------------------===//

  /// A tensor of `type` with that number everywhere.
  Value splat(Type type, double value);
  Value zeros(Type type) { return splat(type, 0); }
  Value like(Value x, double value) { return splat(x.getType(), value); }
  Value one(Value x) { return like(x, 1); }
  /// The index along `dim`, as `type`.
  Value iota(Type type, int64_t dim);

  //===--- arithmetic; a null operand is zero where the docstring says so ===//

  Value neg(Value x);
  Value add(Value a, Value b);
  Value sub(Value a, Value b);
  Value mul(Value a, Value b);
  Value mul(Value a, double b) { return mul(a, like(a, b)); }
  Value div(Value a, Value b);
  /// mul of more than two, from the left.
  template <class... Rest>
    requires(sizeof...(Rest) > 0)
  Value mul(Value a, Value b, Value c, Rest... rest) {
    return mul(mul(a, b), c, rest...);
  }
  Value square(Value x) { return mul(x, x); }
  Value unary(StringRef mnemonic, Value x) { return make(mnemonic, x); }
  Value compare(Direction direction, Value a, Value b);
  Value select(Value condition, Value a, Value b);
  /// g where the condition holds, else 0.
  Value where(Value condition, Value g) {
    return select(condition, g, zeros(g.getType()));
  }
  /// g where a wins over b, g / 2 where they are equal.
  Value tie(Direction wins, Value g, Value a, Value b);
  /// As another element type.
  Value convert(Value x, Type element);

  /// `sum += x`, where null is zero.
  void accumulate(Value &sum, Value x);
  /// x, or zeros of that type where it is null.
  Value materialize(Value x, Type type) { return x ? x : zeros(type); }

  //===--- views and reductions ------------------------------------------===//

  Value reshape(Value x, ArrayRef<int64_t> shape);
  Value transpose(Value x, ArrayRef<int64_t> perm);
  /// Dimension i of x becomes dimension dims[i] of `shape`.
  Value broadcast(Value x, ArrayRef<int64_t> dims, ArrayRef<int64_t> shape);
  Value slice(Value x, ArrayRef<int64_t> lo, ArrayRef<int64_t> hi,
              ArrayRef<int64_t> step);
  Value pad(Value x, Value value, ArrayRef<int64_t> lo, ArrayRef<int64_t> hi,
            ArrayRef<int64_t> interior);
  Value reduce(Reduction kind, Value x, ArrayRef<int64_t> dims);
  Value sum(Value x, ArrayRef<int64_t> dims) {
    return reduce(Reduction::Sum, x, dims);
  }
  Value concat(ValueRange xs, int64_t dim);
  Value dot(Value lhs, Value rhs, ArrayRef<int64_t> lhsContract,
            ArrayRef<int64_t> rhsContract, ArrayRef<int64_t> lhsBatch,
            ArrayRef<int64_t> rhsBatch, Type element = {});

  //===--- batching ------------------------------------------------------===//

  /// x with a new first dimension of batchSize(), where it is not mapped.
  Value mapped(const Mapped &x);
  /// Each dimension one further back.
  static SmallVector<int64_t> shifted(ArrayRef<int64_t> dims);
  /// `first`, then `rest`.
  static SmallVector<int64_t> prepended(int64_t first, ArrayRef<int64_t> rest);

private:
  OpBuilder &builder;
  Location loc;
  FunctionTransforms &transforms;
  int64_t size;
};

/// The tensor type, and its shape.
RankedTensorType tensorType(Value x);
ArrayRef<int64_t> shape(Value x);

/// `emitReverse` and `emitForward` of an op with `vjp` and `jvp`.
FailureOr<Reverse> emitPlainReverse(Operation *op, RuleBuilder &r,
                                    ValueRange operands, ArrayRef<bool> active);
FailureOr<Forward> emitPlainForward(Operation *op, RuleBuilder &r,
                                    ValueRange operands,
                                    ArrayRef<Value> tangents);
/// Batching of an op whose element i depends on elements i of its operands.
FailureOr<SmallVector<Mapped>> batchElementwise(Operation *op, RuleBuilder &r,
                                                ArrayRef<Mapped> operands);
/// Batching by a loop over the batch.
FailureOr<SmallVector<Mapped>> batchByLoop(Operation *op, RuleBuilder &r,
                                           ArrayRef<Mapped> operands);

} // namespace mlir::mg

#endif // MG_IR_RULEBUILDER_H
