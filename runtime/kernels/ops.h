// The elementwise ops: one list for the enumerators, the mnemonics of the
// dialect and the kernels' lookup.
#ifndef MG_RUNTIME_KERNELS_OPS_H
#define MG_RUNTIME_KERNELS_OPS_H

#define MG_UNARY_OPS(X)                                                        \
  X(Neg, "neg")                                                                \
  X(Abs, "abs")                                                                \
  X(Sign, "sign")                                                              \
  X(Not, "not")                                                                \
  X(Floor, "floor")                                                            \
  X(Ceil, "ceil")                                                              \
  X(RoundEven, "round_even")                                                   \
  X(Trunc, "trunc")                                                            \
  X(Sqrt, "sqrt")                                                              \
  X(Rsqrt, "rsqrt")                                                            \
  X(Exp, "exp")                                                                \
  X(Log, "log")                                                                \
  X(Log1p, "log1p")                                                            \
  X(Expm1, "expm1")                                                            \
  X(Sin, "sin")                                                                \
  X(Cos, "cos")                                                                \
  X(Tan, "tan")                                                                \
  X(Tanh, "tanh")                                                              \
  X(Atan, "atan")                                                              \
  X(Erf, "erf")                                                                \
  X(Logistic, "logistic")

// Greater is Less with its operands exchanged, and so on: the kernels know only
// the first four comparisons.
#define MG_BINARY_OPS(X)                                                       \
  X(Add, "add")                                                                \
  X(Sub, "sub")                                                                \
  X(Mul, "mul")                                                                \
  X(Div, "div")                                                                \
  X(Rem, "rem")                                                                \
  X(Max, "max")                                                                \
  X(Min, "min")                                                                \
  X(Pow, "pow")                                                                \
  X(Atan2, "atan2")                                                            \
  X(And, "and")                                                                \
  X(Or, "or")                                                                  \
  X(Xor, "xor")                                                                \
  X(Shl, "shl")                                                                \
  X(ShrA, "shr_a")                                                             \
  X(ShrL, "shr_l")                                                             \
  X(Equal, "compare.eq")                                                       \
  X(NotEqual, "compare.ne")                                                    \
  X(Less, "compare.lt")                                                        \
  X(LessEqual, "compare.le")                                                   \
  X(Greater, "compare.gt")                                                     \
  X(GreaterEqual, "compare.ge")

namespace mg::runtime {

#define MG_ENUMERATOR(Name, mnemonic) Name,
enum class UnaryOp { MG_UNARY_OPS(MG_ENUMERATOR) Count };
enum class BinaryOp { MG_BINARY_OPS(MG_ENUMERATOR) Count };
#undef MG_ENUMERATOR

constexpr bool is_compare(BinaryOp op) { return op >= BinaryOp::Equal; }

} // namespace mg::runtime
#endif
