/* The functions of the math library: X(name in symbols and in the dialect, name
 * in math-inl.h). Tables, bitcode and the accuracy tool are made of this. */
#ifndef MG_KERNELS_MATH_OPS_H
#define MG_KERNELS_MATH_OPS_H

#define MG_MATH_UNARY(X)                                                       \
  X(exp, Exp)                                                                  \
  X(expm1, Expm1)                                                              \
  X(log, Log)                                                                  \
  X(log1p, Log1p)                                                              \
  X(tanh, Tanh)                                                                \
  X(logistic, Logistic)                                                        \
  X(erf, Erf)                                                                  \
  X(sin, Sin)                                                                  \
  X(cos, Cos)                                                                  \
  X(tan, Tan)                                                                  \
  X(atan, Atan)

#define MG_MATH_BINARY(X)                                                      \
  X(pow, Pow)                                                                  \
  X(atan2, Atan2)                                                              \
  X(rem, Rem)

#endif
