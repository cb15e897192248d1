//===- Functions.h - the functions whose errors are measured --------------===//
//
// Every function of the math library with its definition by MPFR, and for f32
// one in f64 by libm, whose error is below 2^-26 of an f32 ULP.
//
//===----------------------------------------------------------------------===//
#ifndef MG_TOOLS_ACCURACY_FUNCTIONS_H
#define MG_TOOLS_ACCURACY_FUNCTIONS_H

#include <mpfr.h>

#include <string_view>
#include <vector>

namespace mg::accuracy {

struct Function {
  std::string_view name;
  int operands;
  /// Its index in the kernels' table of unary or of binary functions.
  int index;
  /// The second operand is ignored where there is none.
  double (*inDouble)(double, double);
  void (*inMpfr)(mpfr_t result, const mpfr_t x, const mpfr_t y);
  /// The largest error promised, in ULP.
  double promisedF32, promisedF64;
};

const std::vector<Function> &functions();

} // namespace mg::accuracy

#endif // MG_TOOLS_ACCURACY_FUNCTIONS_H
