//===- Functions.cpp - the functions whose errors are measured ------------===//
#include "tools/accuracy/Functions.h"

#include "runtime/kernels/table.h"

#include <cmath>

using namespace mg::accuracy;

static double logistic(double x) { return 1 / (1 + std::exp(-x)); }

static void logisticMpfr(mpfr_t result, const mpfr_t x, const mpfr_t) {
  mpfr_neg(result, x, MPFR_RNDN);
  mpfr_exp(result, result, MPFR_RNDN);
  mpfr_add_ui(result, result, 1, MPFR_RNDN);
  mpfr_ui_div(result, 1, result, MPFR_RNDN);
}

#define MG_UNARY(NAME, IN_DOUBLE, F32)                                         \
  Function{#NAME,                                                              \
           1,                                                                  \
           MG_MATH_##NAME,                                                     \
           [](double x, double) { return IN_DOUBLE(x); },                      \
           [](mpfr_t result, const mpfr_t x, const mpfr_t) {                   \
             mpfr_##NAME(result, x, MPFR_RNDN);                                \
           },                                                                  \
           F32,                                                                \
           4}

#define MG_BINARY(NAME, IN_MPFR, IN_DOUBLE, F32, F64)                          \
  Function {                                                                   \
    #NAME, 2, MG_MATH_##NAME,                                                  \
        [](double x, double y) { return IN_DOUBLE(x, y); },                    \
        [](mpfr_t result, const mpfr_t x, const mpfr_t y) {                    \
          IN_MPFR(result, x, y, MPFR_RNDN);                                    \
        },                                                                     \
        F32, F64                                                               \
  }

const std::vector<Function> &mg::accuracy::functions() {
  static const std::vector<Function> all = {
      MG_UNARY(exp, std::exp, 2),
      MG_UNARY(expm1, std::expm1, 2),
      MG_UNARY(log, std::log, 2),
      MG_UNARY(log1p, std::log1p, 2),
      MG_UNARY(tanh, std::tanh, 2),
      // exp, a sum and a quotient, as in generated code: measured 2.402, so it
      // cannot keep the 2 ULP of the others.
      {"logistic", 1, MG_MATH_logistic,
       [](double x, double) { return logistic(x); }, logisticMpfr, 2, 4},
      MG_UNARY(erf, std::erf, 2),
      MG_UNARY(sin, std::sin, 2),
      MG_UNARY(cos, std::cos, 2),
      MG_UNARY(tan, std::tan, 2),
      MG_UNARY(atan, std::atan, 2),
      MG_BINARY(pow, mpfr_pow, std::pow, 4, 4),
      MG_BINARY(atan2, mpfr_atan2, std::atan2, 2, 4),
      MG_BINARY(rem, mpfr_fmod, std::fmod, 0, 0),
  };
  return all;
}
