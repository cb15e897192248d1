// The math library: Exp(d, x) and so on for whole vectors of f32 or f64. Used
// by the eager kernels and, as bitcode, by generated code; docs/accuracy.md has
// the measured errors. A lane's result depends on nothing but its own operands.
#ifndef MG_KERNELS_MATH_INL_H
#define MG_KERNELS_MATH_INL_H
#include "runtime/kernels/math_atan-inl.h"
#include "runtime/kernels/math_erf-inl.h"
#include "runtime/kernels/math_exp-inl.h"
#include "runtime/kernels/math_log-inl.h"
#include "runtime/kernels/math_pow-inl.h"
#include "runtime/kernels/math_rem-inl.h"
#include "runtime/kernels/math_trig-inl.h"

#endif
