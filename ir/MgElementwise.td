//===- MgElementwise.td - one record is the op -------------*- tablegen -*-===//
//
// A record holds the scalar definition of its op, once per class of element
// types: float, signed, unsigned, bool. No definition (`none`): the op does not
// take that class. The expressions build IR through `r`, a ScalarBuilder; the
// operands' scalars are `x` (unary), `a` and `b` (binary).
//
// And its derivative, once per operand: what becomes of `g`, a change of that
// operand (forward) or a cotangent of the result `y` (reverse: the Jacobian is
// diagonal, so it is the same). These expressions build `mg` ops through `r`, a
// RuleBuilder, from the tensors `x`, or `a` and `b`. `zero`: the derivative is
// zero wherever there is one.
//
//===----------------------------------------------------------------------===//
#ifndef MG_ELEMENTWISE
#define MG_ELEMENTWISE

include "MgOpBase.td"

defvar none = "{}";

class MG_Scalar<string float, string signed, string unsigned, string bool> {
  string f = float;
  string s = signed;
  string u = unsigned;
  string b = bool;
  // The bits of ElementClass.
  int mask = !add(!if(!eq(f, none), 0, 1), !if(!eq(s, none), 0, 2),
                  !if(!eq(u, none), 0, 4), !if(!eq(b, none), 0, 8));
}
class MG_FloatOnly<string e> : MG_Scalar<e, none, none, none>;
class MG_IntOnly<string s, string u> : MG_Scalar<none, s, u, none>;
class MG_Number<string f, string s, string u> : MG_Scalar<f, s, u, none>;
class MG_Bits<string e> : MG_Scalar<none, e, e, e>;
class MG_AnyElement<string e> : MG_Scalar<e, e, e, e>;

defvar zero = "::mlir::Value()";

// The two modes from one list of expressions.
class MG_DerivativeMethods<list<string> names, list<string> partials> {
  defvar values = !interleave(names, ", ");
  defvar unpacked = [{
      [[maybe_unused]] auto [}] # values # [{] = ::mlir::mg::unpack<}] #
      !size(names) # [{>((*this)->getOperands());
      [[maybe_unused]] ::mlir::Value y = getResult();
  }];
  code definition = [{
    ::llvm::LogicalResult $cppClass::vjp(
        ::mlir::mg::RuleBuilder &r,
        ::llvm::ArrayRef<::mlir::Value> cotangents,
        ::llvm::MutableArrayRef<::mlir::Value> gradients) {
      [[maybe_unused]] ::mlir::Value g = cotangents[0];
      }] # unpacked # !interleave(!foreach(i, !range(partials),
        "gradients[" # i # "] = " # partials[i] # ";"), "\n") # [{
      return ::llvm::success();
    }
    ::llvm::LogicalResult $cppClass::jvp(
        ::mlir::mg::RuleBuilder &r,
        ::llvm::ArrayRef<::mlir::Value> tangents,
        ::llvm::MutableArrayRef<::mlir::Value> results) {
      }] # unpacked # !interleave(!foreach(i, !range(partials),
        "if ([[maybe_unused]] ::mlir::Value g = tangents[" # i # "])\n"
        # "  r.accumulate(results[0], " # partials[i] # ");"), "\n") # [{
      return ::llvm::success();
    }
  }];
  code declaration = [{
    ::llvm::LogicalResult vjp(::mlir::mg::RuleBuilder &,
                              ::llvm::ArrayRef<::mlir::Value>,
                              ::llvm::MutableArrayRef<::mlir::Value>);
    ::llvm::LogicalResult jvp(::mlir::mg::RuleBuilder &,
                              ::llvm::ArrayRef<::mlir::Value>,
                              ::llvm::MutableArrayRef<::mlir::Value>);
  }];
}

// Batching of an op whose element i depends on elements i of its operands.
class MG_ElementwiseBatching {
  code declaration = [{
    ::mlir::FailureOr<::llvm::SmallVector<::mlir::mg::Mapped>>
    batch(::mlir::mg::RuleBuilder &r,
          ::llvm::ArrayRef<::mlir::mg::Mapped> operands) {
      return ::mlir::mg::batchElementwise(*this, r, operands);
    }
}];
}

// `names`: the C++ variables of the operands' scalars. `classOf`: the value
// whose element type chooses the definition.
class MG_ScalarMethods<MG_Scalar scalar, list<string> names,
                       string classOf = "getResult()"> {
  code declaration = [{
    static constexpr unsigned acceptedClasses = }] # scalar.mask # [{;
  }];
  code definition = [{
    ::mlir::Value $cppClass::buildScalar(::mlir::OpBuilder &builder,
                                         ::mlir::Location loc,
                                         ::mlir::ValueRange scalars) {
      ::mlir::mg::ScalarBuilder r(builder, loc, }] # classOf # [{.getType());
      [[maybe_unused]] auto [}] # !interleave(names, ", ") # [{] =
          ::mlir::mg::unpack<}] # !size(names) # [{>(scalars);
      switch (r.getElementClass()) {
      case ::mlir::mg::ElementClass::Float: return }] # scalar.f # [{;
      case ::mlir::mg::ElementClass::Signed: return }] # scalar.s # [{;
      case ::mlir::mg::ElementClass::Unsigned: return }] # scalar.u # [{;
      case ::mlir::mg::ElementClass::Bool: return }] # scalar.b # [{;
      }
      return {};
    }
  }];
}

// All operands and the result have one type.
// No `partials`: the op takes no floats.
class MG_SameTypeOp<string mnemonic, MG_Scalar scalar, list<string> names,
                    list<string> partials, list<Trait> traits>
    : MG_Op<mnemonic, [DeclareOpInterfaceMethods<ElementwiseInterface>,
                       BatchableInterface, SameOperandsAndResultType] #
                      !if(!empty(partials), []<Trait>,
                          [DifferentiableInterface]<Trait>) # traits> {
  defvar methods = MG_ScalarMethods<scalar, names>;
  defvar derivatives = MG_DerivativeMethods<names, partials>;
  let results = (outs MG_Tensor:$result);
  let extraClassDeclaration = methods.declaration # MG_ElementwiseBatching<>.declaration #
      !if(!empty(partials), "", derivatives.declaration) # [{
    static ::llvm::LogicalResult infer(::mlir::mg::Inference &in) {
      return in.inferSameType(acceptedClasses);
    }
  }];
  let extraClassDefinition = methods.definition #
      !if(!empty(partials), "", derivatives.definition);
}

class MG_UnaryOp<string mnemonic, MG_Scalar scalar, list<string> partials,
                 list<Trait> traits = []>
    : MG_SameTypeOp<mnemonic, scalar, ["x"], partials, traits> {
  let arguments = (ins MG_Tensor:$x);
  let assemblyFormat = "$x attr-dict `:` type($result)";
}

class MG_BinaryOp<string mnemonic, MG_Scalar scalar, list<string> partials,
                  list<Trait> traits = []>
    : MG_SameTypeOp<mnemonic, scalar, ["a", "b"], partials, traits> {
  let arguments = (ins MG_Tensor:$lhs, MG_Tensor:$rhs);
  let assemblyFormat = "$lhs `,` $rhs attr-dict `:` type($result)";
}

//===----------------------------------------------------------------------===//
// Unary
//===----------------------------------------------------------------------===//

class MG_MathOp<string mnemonic, string mathOp, string partial, string what,
                list<Trait> traits = []>
    : MG_UnaryOp<mnemonic, MG_FloatOnly<"r.make<math::" # mathOp # ">(x)">,
                 [partial], traits> {
  let summary = what;
  let description = [{
    Takes floats. C1: the element type is a float.
  }];
}

def MG_ExpOp : MG_MathOp<"exp", "ExpOp",
    "r.mul(g, y)", "e to the power of x">;
def MG_Expm1Op : MG_MathOp<"expm1", "ExpM1Op",
    "r.mul(g, r.add(y, r.one(y)))", "exp(x) - 1, exact near 0">;
def MG_LogOp : MG_MathOp<"log", "LogOp",
    "r.div(g, x)", "natural logarithm">;
def MG_Log1pOp : MG_MathOp<"log1p", "Log1pOp",
    "r.div(g, r.add(x, r.one(x)))", "log(1 + x), exact near 0">;
def MG_SqrtOp : MG_MathOp<"sqrt", "SqrtOp",
    "r.div(r.mul(g, 0.5), y)", "square root, rounded correctly">;
def MG_SinOp : MG_MathOp<"sin", "SinOp",
    "r.mul(g, r.unary(\"cos\", x))", "sine of an angle in radians">;
def MG_CosOp : MG_MathOp<"cos", "CosOp",
    "r.neg(r.mul(g, r.unary(\"sin\", x)))", "cosine of an angle in radians">;
def MG_TanOp : MG_MathOp<"tan", "TanOp",
    "r.mul(g, r.add(r.square(y), r.one(y)))", "tangent of an angle in radians">;
def MG_TanhOp : MG_MathOp<"tanh", "TanhOp",
    "r.mul(g, r.sub(r.one(y), r.square(y)))", "hyperbolic tangent">;
def MG_AtanOp : MG_MathOp<"atan", "AtanOp",
    "r.div(g, r.add(r.square(x), r.one(x)))", "arc tangent in radians">;
def MG_ErfOp : MG_MathOp<"erf", "ErfOp",
    "r.mul(g, r.mul(r.unary(\"exp\", r.neg(r.square(x))), M_2_SQRTPI))", "error function">;
def MG_FloorOp : MG_MathOp<"floor", "FloorOp",
    zero, "largest integer <= x",
                           [Idempotent]>;
def MG_CeilOp : MG_MathOp<"ceil", "CeilOp",
    zero, "smallest integer >= x",
                          [Idempotent]>;
def MG_RoundEvenOp : MG_MathOp<"round_even", "RoundEvenOp",
    zero, "nearest integer, ties to even", [Idempotent]>;
def MG_TruncOp : MG_MathOp<"trunc", "TruncOp",
    zero, "the integer part of x",
                           [Idempotent]>;

def MG_RsqrtOp : MG_UnaryOp<"rsqrt", MG_FloatOnly<
    "r.make<arith::DivFOp>(r.real(1), r.make<math::SqrtOp>(x))">,
    ["r.mul(g, r.mul(r.mul(y, r.square(y)), -0.5))"]> {
  let summary = "1 / sqrt(x)";
  let description = [{
    Two roundings. C1: the element type is a float.
  }];
}

def MG_LogisticOp : MG_UnaryOp<"logistic", MG_FloatOnly<"r.logistic(x)">,
    ["r.mul(g, r.mul(y, r.sub(r.one(y), y)))"]> {
  let summary = "1 / (1 + exp(-x))";
  let description = [{
    With e = exp(-|x|), s = 1 + e and q = (x >= 0 ? 1 : e) / s, it is
    q - q * (e - (s - 1)): what rounding took from s comes back. NaN stays NaN.

    C1: the element type is a float.
  }];
}

def MG_NegOp : MG_UnaryOp<"neg", MG_Number<
    "r.make<arith::NegFOp>(x)",
    "r.make<arith::SubIOp>(r.integer(0), x)",
    "r.make<arith::SubIOp>(r.integer(0), x)">, ["r.neg(g)"], [Involution]> {
  let summary = "-x";
  let description = [{
    Integers wrap. C1: the element type is a number.
  }];
}

def MG_AbsOp : MG_UnaryOp<"abs", MG_Number<
    "r.make<math::AbsFOp>(x)", "r.abs(x)", "x">,
    ["r.mul(g, r.unary(\"sign\", x))"], [Idempotent]> {
  let summary = "|x|";
  let description = [{
    The lowest integer is its own absolute value.
    C1: the element type is a number.
  }];
}

def MG_SignOp : MG_UnaryOp<"sign", MG_Number<
    "r.sign(x)", "r.sign(x)", "r.sign(x)">, [zero], [Idempotent]> {
  let summary = "-1, 0 or 1";
  let description = [{
    NaN, +0 and -0 stay. C1: the element type is a number.
  }];
}

def MG_NotOp : MG_UnaryOp<"not", MG_Bits<
    "r.make<arith::XOrIOp>(x, r.integer(-1))">, [], [Involution]> {
  let summary = "all bits inverted";
  let description = [{
    C1: the element type is an integer or bool.
  }];
}

//===----------------------------------------------------------------------===//
// Binary
//===----------------------------------------------------------------------===//

class MG_ArithmeticOp<string mnemonic, string float, string signed,
                      string unsigned, list<string> partials,
                      list<Trait> traits = []>
    : MG_BinaryOp<mnemonic, MG_Number<float, signed, unsigned>, partials,
                  traits>;

def MG_AddOp : MG_ArithmeticOp<"add",
    "r.make<arith::AddFOp>(a, b)", "r.make<arith::AddIOp>(a, b)",
    "r.make<arith::AddIOp>(a, b)", ["g", "g"], [Commutative]> {
  let summary = "lhs + rhs";
  let description = [{
    Integers wrap. C1: equal types. C2: numbers.
  }];
  let hasFolder = 1;
}
def MG_SubOp : MG_ArithmeticOp<"sub",
    "r.make<arith::SubFOp>(a, b)", "r.make<arith::SubIOp>(a, b)",
    "r.make<arith::SubIOp>(a, b)", ["g", "r.neg(g)"]> {
  let summary = "lhs - rhs";
  let description = [{
    Integers wrap. C1: equal types. C2: numbers.
  }];
  let hasFolder = 1;
}
def MG_MulOp : MG_ArithmeticOp<"mul",
    "r.make<arith::MulFOp>(a, b)", "r.make<arith::MulIOp>(a, b)",
    "r.make<arith::MulIOp>(a, b)",
    ["r.mul(g, b)", "r.mul(g, a)"], [Commutative]> {
  let summary = "lhs * rhs";
  let description = [{
    Integers wrap. C1: equal types. C2: numbers.
  }];
  let hasFolder = 1;
}
def MG_DivOp : MG_ArithmeticOp<"div",
    "r.make<arith::DivFOp>(a, b)", "r.divide(a, b)", "r.divide(a, b)",
    ["r.div(g, b)", "r.neg(r.mul(g, r.div(y, b)))"]> {
  let summary = "lhs / rhs";
  let description = [{
    Integers truncate toward zero. Defined everywhere: x / 0 has all bits set
    (-1, or the largest unsigned); the lowest integer / -1 is itself.
    C1: equal types. C2: numbers.
  }];
  let hasFolder = 1;
}
def MG_RemOp : MG_ArithmeticOp<"rem",
    "r.make<arith::RemFOp>(a, b)", "r.remainder(a, b)", "r.remainder(a, b)",
    ["g", "r.neg(r.mul(g, r.unary(\"trunc\", r.div(a, b))))"]> {
  let summary = "remainder of the division that truncates; lhs's sign";
  let description = [{
    C's `fmod` and `%`. Integers: x rem 0 is x, the lowest integer rem -1 is 0.
    C1: equal types. C2: numbers.
  }];
}
def MG_MaxOp : MG_ArithmeticOp<"max",
    "r.make<arith::MaximumFOp>(a, b)", "r.make<arith::MaxSIOp>(a, b)",
    "r.make<arith::MaxUIOp>(a, b)",
    ["r.tie(Direction::GT, g, a, b)", "r.tie(Direction::GT, g, b, a)"],
    [Commutative, Idempotent]> {
  let summary = "the larger one";
  let description = [{
    NaN if any is NaN; -0 < +0. Equal ones share a cotangent. C1: equal types. C2: numbers.
  }];
}
def MG_MinOp : MG_ArithmeticOp<"min",
    "r.make<arith::MinimumFOp>(a, b)", "r.make<arith::MinSIOp>(a, b)",
    "r.make<arith::MinUIOp>(a, b)",
    ["r.tie(Direction::LT, g, a, b)", "r.tie(Direction::LT, g, b, a)"],
    [Commutative, Idempotent]> {
  let summary = "the smaller one";
  let description = [{
    NaN if any is NaN; -0 < +0. Equal ones share a cotangent. C1: equal types. C2: numbers.
  }];
}
def MG_PowOp : MG_BinaryOp<"pow", MG_FloatOnly<
    "r.make<math::PowFOp>(a, b)">,
    ["powBase(r, g, a, b)", "powExponent(r, g, a, y)"]> {
  let summary = "lhs to the power of rhs";
  let description = [{
    As C's `pow`. C1: equal types. C2: floats.
  }];
}
def MG_Atan2Op : MG_BinaryOp<"atan2", MG_FloatOnly<
    "r.make<math::Atan2Op>(a, b)">,
    ["r.div(r.mul(g, b), r.add(r.square(a), r.square(b)))",
     "r.neg(r.div(r.mul(g, a), r.add(r.square(a), r.square(b))))"]> {
  let summary = "the angle of the point (rhs, lhs), in -pi..pi";
  let description = [{
    As C's `atan2`. C1: equal types. C2: floats.
  }];
}

class MG_BitwiseOp<string mnemonic, string arithOp, string what,
                   list<Trait> traits = []>
    : MG_BinaryOp<mnemonic, MG_Bits<"r.make<arith::" # arithOp # ">(a, b)">, [],
                  [Commutative] # traits> {
  let summary = what;
  let description = [{
    Bit by bit. C1: equal types. C2: integers or bool.
  }];
  let hasFolder = 1;
}
def MG_AndOp : MG_BitwiseOp<"and", "AndIOp", "lhs and rhs", [Idempotent]>;
def MG_OrOp : MG_BitwiseOp<"or", "OrIOp", "lhs or rhs", [Idempotent]>;
def MG_XorOp : MG_BitwiseOp<"xor", "XOrIOp", "either lhs or rhs">;

class MG_ShiftOp<string mnemonic, MG_Scalar scalar>
    : MG_BinaryOp<mnemonic, scalar, []> {
  let description = [{
    The distance is read as unsigned; one of at least the width shifts every
    bit out. C1: equal types. C2: integers (shr_a: signed ones).
  }];
  let hasFolder = 1;
}
def MG_ShlOp : MG_ShiftOp<"shl", MG_IntOnly<
    "r.shift<arith::ShLIOp>(a, b)", "r.shift<arith::ShLIOp>(a, b)">> {
  let summary = "lhs * 2^rhs";
}
def MG_ShrLOp : MG_ShiftOp<"shr_l", MG_IntOnly<
    "r.shift<arith::ShRUIOp>(a, b)", "r.shift<arith::ShRUIOp>(a, b)">> {
  let summary = "shift right, zeros come in";
}
def MG_ShrAOp : MG_ShiftOp<"shr_a", MG_IntOnly<"r.shiftSign(a, b)", none>> {
  let summary = "shift right, copies of the sign come in";
}

//===----------------------------------------------------------------------===//
// Compare, select, change of type
//===----------------------------------------------------------------------===//

def MG_CompareOp : MG_InferredOp<"compare", [
    DeclareOpInterfaceMethods<ElementwiseInterface>, BatchableInterface,
    SameTypeOperands]> {
  let summary = "lhs eq | ne | lt | le | gt | ge rhs";
  let description = [{
    NaN is unequal to everything and in no order. false < true.

    - C1: equal types.

    ```mlir
    %c = mg.compare lt %a, %b : tensor<4xf32>
    ```
  }];
  let arguments = (ins MG_Direction:$direction, MG_Tensor:$lhs, MG_Tensor:$rhs);
  let results = (outs MG_Tensor:$result);
  let assemblyFormat = "`` $direction $lhs `,` $rhs attr-dict `:` type($lhs)";
  defvar methods = MG_ScalarMethods<
      MG_AnyElement<"r.compare(getDirection(), a, b)">, ["a", "b"], "getLhs()">;
  let extraClassDeclaration =
      methods.declaration # MG_ElementwiseBatching<>.declaration # inferDeclaration;
  let extraClassDefinition = methods.definition # inferDefinition;
  let hasFolder = 1;
}

def MG_SelectOp : MG_Op<"select", [
    DeclareOpInterfaceMethods<ElementwiseInterface>, BatchableInterface,
    DifferentiableInterface,
    AllTypesMatch<["on_true", "on_false", "result"]>]> {
  let summary = "condition ? on_true : on_false";
  let description = [{
    - C1: `on_true` and `on_false` have equal types.
    - C2: `condition` is a bool tensor of their shape.

    ```mlir
    %y = mg.select %c, %a, %b : tensor<4xi1>, tensor<4xf32>
    ```
  }];
  let arguments = (ins MG_Tensor:$condition, MG_Tensor:$on_true,
                       MG_Tensor:$on_false);
  let results = (outs MG_Tensor:$result);
  let assemblyFormat = [{
    $condition `,` $on_true `,` $on_false attr-dict `:` type($condition) `,`
    type($result)
  }];
  defvar methods = MG_ScalarMethods<
      MG_AnyElement<"r.make<arith::SelectOp>(c, a, b)">, ["c", "a", "b"]>;
  defvar derivatives = MG_DerivativeMethods<["c", "a", "b"],
      [zero, "r.where(c, g)", "r.select(c, r.zeros(g.getType()), g)"]>;
  let extraClassDeclaration = methods.declaration # derivatives.declaration #
                              MG_ElementwiseBatching<>.declaration # inferDeclaration;
  let extraClassDefinition = methods.definition # derivatives.definition;
  let hasFolder = 1;
}

def MG_ConvertOp : MG_Op<"convert", [
    DeclareOpInterfaceMethods<ElementwiseInterface>, BatchableInterface,
    DeclareOpInterfaceMethods<DifferentiableInterface, ["vjp", "jvp"]>]> {
  let summary = "the same number in another element type";
  let description = [{
    - to bool: x != 0.
    - float to integer: `truncate` rounds toward zero, `nearest` to nearest
      even; then both saturate, and NaN is 0. `saturate` is `truncate` here.
    - integer to integer: `truncate` and `nearest` wrap, `saturate` saturates.
    - to a float: rounded to nearest even; to and from f16 and bf16 by way of
      f32.

    - C1: the result has the operand's shape.

    ```mlir
    %y = mg.convert truncate %x : tensor<4xf32> -> tensor<4xi8>
    ```
  }];
  let arguments = (ins MG_ConvertMode:$mode, MG_Tensor:$x);
  let results = (outs MG_Tensor:$result);
  let assemblyFormat =
      "`` $mode $x attr-dict `:` type($x) `->` type($result)";
  let extraClassDeclaration =
      MG_ElementwiseBatching<>.declaration # inferDeclaration;
  let hasFolder = 1;
}

def MG_BitcastOp : MG_Op<"bitcast", [
    DeclareOpInterfaceMethods<ElementwiseInterface, ["takesStorageScalars"]>,
    BatchableInterface]> {
  let summary = "the same bits as another element type";
  let description = [{
    - C1: the result has the operand's shape.
    - C2: both element types have the same width, and none is bool.

    ```mlir
    %y = mg.bitcast %x : tensor<4xf32> -> tensor<4xui32>
    ```
  }];
  let arguments = (ins MG_Tensor:$x);
  let results = (outs MG_Tensor:$result);
  let assemblyFormat = "$x attr-dict `:` type($x) `->` type($result)";
  let extraClassDeclaration =
      MG_ElementwiseBatching<>.declaration # inferDeclaration;
  let hasFolder = 1;
}

#endif // MG_ELEMENTWISE
